"""Saves the trained parts as a folder in diffusers' layout, in half precision."""

import copy
import json
import shutil
from pathlib import Path

import torch
from diffusers import UNet2DModel, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip import UnCLIPPipeline
from transformers import CLIPImageProcessor

from .clip import Clip
from .presets import Preset
from .upsampler import parts

# Chosen by evaluation (`python -m training.evaluate --sweep`): small models need less guidance than large ones.
DEFAULTS = {
    "sampler": "dpm-solver", "prior_steps": 10, "decoder_steps": 10, "super_res_steps": 4, "prior_guidance": 2.0,
    "decoder_guidance": 2.0,
}


def scheduler(variance: str, prediction: str, clip_range: float = 1.0) -> UnCLIPScheduler:
    return UnCLIPScheduler(variance_type=variance, prediction_type=prediction, clip_sample_range=clip_range)


def save(
    clip: Clip, prior, unet, projection, upsamplers: list[UNet2DModel], preset: Preset, tokenizer_folder: Path,
    words: list[str], folder: Path,
) -> None:
    """Writes the parts anew; files beside them, such as a model card, stay.

    The first upsampler's last step has weights of its own in this architecture; here they are the same. Further
    upsamplers are a cascade, which Atelier reads and diffusers ignores.
    """
    for part in folder.glob("*/"):
        shutil.rmtree(part)
    for network in (unet, *upsamplers):
        network.to(memory_format=torch.contiguous_format)  # Files have no other.
    pipeline = UnCLIPPipeline(
        prior=prior, decoder=unet, text_encoder=clip.text, tokenizer=clip.tokenizer, text_proj=projection,
        super_res_first=upsamplers[0], super_res_last=copy.deepcopy(upsamplers[0]),
        prior_scheduler=scheduler("fixed_small_log", "sample", 5.0),
        decoder_scheduler=scheduler("learned_range", preset.prediction),
        super_res_scheduler=scheduler("fixed_small_log", preset.prediction),
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
    extension = {"defaults": DEFAULTS, "words": words}
    if len(upsamplers) > 1:
        first, schedule = parts(0)
        extension["cascade"] = [{"first": first, "last": "super_res_last", "scheduler": schedule}]
    for stage, upsampler in enumerate(upsamplers[1:], start=1):
        first, schedule = parts(stage)
        copy.deepcopy(upsampler).to("cpu", torch.float16).save_pretrained(folder / first)
        scheduler("fixed_small_log", preset.prediction).save_pretrained(folder / schedule)
        index[first] = ["diffusers", "UNet2DModel"]
        index[schedule] = ["diffusers", "UnCLIPScheduler"]
        extension["cascade"].append({"first": first, "scheduler": schedule})
    index_path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    (folder / "atelier.json").write_text(json.dumps(extension, indent=2) + "\n")
