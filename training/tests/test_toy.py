"""The whole way at toy size: `python3 -m pytest training` from the project's root."""

import json
import math
import subprocess
from pathlib import Path

import pytest
import torch
from diffusers import UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip import UnCLIPImageVariationPipeline
from PIL import Image
from transformers import CLIPImageProcessor, CLIPTokenizer, CLIPVisionModelWithProjection

from training import sheet
from training.evaluate.cluster import binary
from training.making import Making
from training.presets import PRESETS
from training.world import World

from .conftest import ROOT, STEPS, Trained

# The loss of a network that has learned nothing but the best constant: chance for CLIP; the variance of
# standardised embeddings; the variance of noise.
CONSTANT = {
    "clip": math.log(PRESETS["toy"].clip_batch), "prior": 1.0, "decoder": 1.0, "upsampler": 1.0, "upsampler-2": 1.0,
}


@pytest.mark.parametrize("part", CONSTANT)
def test_each_loss_falls_far_below_its_start_and_a_constant(trained: Trained, part: str) -> None:
    losses = torch.load(trained.work / f"{part}.checkpoint", weights_only=True)["losses"]
    assert len(losses) == STEPS
    start, end = sum(losses[:10]) / 10, sum(losses[-30:]) / 30
    assert end < 0.5 * start
    assert end < 0.5 * CONSTANT[part]


def test_the_folder_has_every_part(trained: Trained) -> None:
    index = json.loads((trained.model / "model_index.json").read_text())
    parts = {name for name, value in index.items() if isinstance(value, list)}
    assert parts == {
        "prior", "decoder", "text_encoder", "text_proj", "tokenizer", "image_encoder", "feature_extractor",
        "super_res_first", "super_res_last", "super_res_2_first", "prior_scheduler", "decoder_scheduler",
        "super_res_scheduler", "super_res_2_scheduler",
    }
    assert all((trained.model / part).is_dir() for part in parts)


def test_the_extension_has_defaults_words_and_the_cascade(trained: Trained) -> None:
    extension = json.loads((trained.model / "atelier.json").read_text())
    assert set(extension["defaults"]) == {
        "sampler", "prior_steps", "decoder_steps", "super_res_steps", "prior_guidance", "decoder_guidance"}
    words = extension["words"]
    assert words == sorted(set(words))
    assert {"apple", "jack-o-lantern", "t-shirt", "background", "an", "red"} <= set(words)
    assert "two" not in words
    assert [step["first"] for step in extension["cascade"]] == ["super_res_first", "super_res_2_first"]


def test_the_schedulers_say_what_is_predicted(trained: Trained) -> None:
    for part, prediction in {"prior": "sample", "decoder": "epsilon", "super_res": "epsilon"}.items():
        config = json.loads((trained.model / f"{part}_scheduler" / "scheduler_config.json").read_text())
        assert config["prediction_type"] == prediction


def test_the_reference_renders_from_text(trained: Trained) -> None:
    picture = Image.open(trained.work / "sheet.png").convert("RGB").crop((8, 8, 136, 136))
    assert len(picture.getcolors(128 * 128)) > 100


def test_the_reference_makes_variations(trained: Trained) -> None:
    parts = {
        name: kind.from_pretrained(trained.model / name, torch_dtype=torch.float32)
        for name, kind in sheet.PARTS.items() if name != "prior"
    }
    pipeline = UnCLIPImageVariationPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(trained.model / "tokenizer"),
        feature_extractor=CLIPImageProcessor.from_pretrained(trained.model / "feature_extractor"),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(trained.model / "image_encoder", torch_dtype=torch.float32),
        decoder_scheduler=UnCLIPScheduler.from_pretrained(trained.model / "decoder_scheduler"),
        super_res_scheduler=UnCLIPScheduler.from_pretrained(trained.model / "super_res_scheduler"), **parts,
    )
    pipeline.set_progress_bar_config(disable=True)
    source = Image.new("RGB", (50, 40), (200, 30, 30))
    picture = pipeline(source, generator=torch.Generator().manual_seed(1), decoder_num_inference_steps=5).images[0]
    assert picture.size == (32, 32)
    assert len(picture.getcolors(32 * 32)) > 100


def test_both_spellings_of_the_tokenizer_give_the_same_ids(trained: Trained) -> None:
    folder = trained.model / "tokenizer"
    one = CLIPTokenizer.from_pretrained(folder)
    other = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    for text in ["a red apple on a blue background", "Ünïcode & 123's", ""]:
        assert one(text).input_ids == other(text).input_ids


def test_a_training_starts_from_a_model_folder(trained: Trained, world: World, tmp_path: Path) -> None:
    making = Making(PRESETS["toy"], world, tmp_path, start=trained.model)
    saved = sheet.PARTS["decoder"].from_pretrained(trained.model / "decoder", torch_dtype=torch.float32)
    for name, values in saved.state_dict().items():
        assert torch.equal(making.unet.state_dict()[name], values)


def test_a_model_of_another_preset_is_no_start(trained: Trained, world: World, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="its shapes are not those of the preset"):
        Making(PRESETS["mini"], world, tmp_path, start=trained.model)


@pytest.mark.skipif(binary() is None, reason="no atelier: build it, or name it in the environment variable ATELIER")
def test_atelier_checks_and_renders_it(trained: Trained, tmp_path: Path) -> None:
    subprocess.run([binary(), "model", "check", trained.model], check=True)
    path = tmp_path / "picture.png"
    subprocess.run(
        [
            binary(), "render", "--model", trained.model, "--prompt", "a red apple on a blue background", "--seed", "1",
            "--out", path,
        ],
        check=True,
    )
    picture = Image.open(path).convert("RGB")
    assert picture.size == (64, 64)
    assert len(picture.getcolors(64 * 64)) > 100
