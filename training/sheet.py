"""Renders prompts with the reference pipeline from a saved folder, and lays the pictures out on a sheet."""

import json
from pathlib import Path

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip import UnCLIPPipeline, UnCLIPTextProjModel
from PIL import Image, ImageDraw
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

# diffusers no longer resolves the text projection by name, so each part is loaded by its class.
PARTS = {
    "prior": PriorTransformer, "decoder": UNet2DConditionModel, "text_proj": UnCLIPTextProjModel,
    "text_encoder": CLIPTextModelWithProjection, "super_res_first": UNet2DModel, "super_res_last": UNet2DModel,
}


# Of the prior and the decoder.
REFERENCE_STEPS = 25


def load(folder: Path) -> UnCLIPPipeline:
    """The reference pipeline of a folder, in single precision."""
    parts = {name: kind.from_pretrained(folder / name, torch_dtype=torch.float32) for name, kind in PARTS.items()}
    schedulers = {
        name: UnCLIPScheduler.from_pretrained(folder / name)
        for name in ("prior_scheduler", "decoder_scheduler", "super_res_scheduler")
    }
    pipeline = UnCLIPPipeline(tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"), **parts, **schedulers)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(folder: Path, prompts: list[str], path: Path, columns: int = 4, side: int = 128) -> None:
    """One picture a prompt, seed 1, by the reference's sampler, whatever the model's defaults are."""
    pipeline = load(folder)
    defaults = json.loads((folder / "atelier.json").read_text())["defaults"]
    rows = -(-len(prompts) // columns)
    sheet = Image.new("RGB", (columns * (side + 8) + 8, rows * (side + 24) + 8), "white")
    pen = ImageDraw.Draw(sheet)
    for index, prompt in enumerate(prompts):
        picture = pipeline(
            prompt, generator=torch.Generator().manual_seed(1), prior_num_inference_steps=REFERENCE_STEPS,
            decoder_num_inference_steps=REFERENCE_STEPS,
            super_res_num_inference_steps=defaults["super_res_steps"],
            prior_guidance_scale=defaults["prior_guidance"], decoder_guidance_scale=defaults["decoder_guidance"],
        ).images[0]
        x, y = 8 + index % columns * (side + 8), 8 + index // columns * (side + 24)
        sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        pen.text((x, y + side + 2), prompt[:24], fill="black")
    sheet.save(path)
