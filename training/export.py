"""Saves the trained parts as a folder in diffusers' layout, in half precision."""

import copy
import json
import shutil
from pathlib import Path

import torch
from diffusers import UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip import UnCLIPPipeline
from transformers import CLIPImageProcessor

from .clip import Clip
from .presets import Preset

# Chosen by looking: small models need less guidance than large ones.
DEFAULTS = {
    "prior_steps": 25, "decoder_steps": 25, "super_res_steps": 7, "prior_guidance": 2.0, "decoder_guidance": 2.0,
}


def save(clip: Clip, prior, unet, projection, upsampler, preset: Preset, tokenizer_folder: Path, folder: Path) -> None:
    """The upsampler's last step has weights of its own in this architecture; here they are the same."""
    pipeline = UnCLIPPipeline(
        prior=prior, decoder=unet, text_encoder=clip.text, tokenizer=clip.tokenizer, text_proj=projection,
        super_res_first=upsampler, super_res_last=copy.deepcopy(upsampler),
        prior_scheduler=UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample_range=5.0),
        decoder_scheduler=UnCLIPScheduler(variance_type="learned_range", prediction_type="sample"),
        super_res_scheduler=UnCLIPScheduler(variance_type="fixed_small_log", prediction_type="sample"),
    )
    pipeline.to("cpu", torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
    copy.deepcopy(clip.vision).to("cpu", torch.float16).save_pretrained(folder / "image_encoder")
    side = preset.vision_size
    CLIPImageProcessor(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}, image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    ).save_pretrained(folder / "feature_extractor")
    # Both spellings of the tokenizer, as published models have either.
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(tokenizer_folder / name, folder / "tokenizer" / name)
    index_path = folder / "model_index.json"
    index = json.loads(index_path.read_text())
    index["text_proj"] = ["unclip", "UnCLIPTextProjModel"]
    index["image_encoder"] = ["transformers", "CLIPVisionModelWithProjection"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    index_path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    (folder / "atelier.json").write_text(json.dumps({"defaults": DEFAULTS}, indent=2) + "\n")
