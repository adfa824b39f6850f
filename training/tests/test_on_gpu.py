"""The whole way of a training elsewhere, at toy size on this processor: two sessions, pieces, a model that renders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import torch

from training import sheet
from training.making import Making
from training.presets import PRESETS
from training.world import World

from .conftest import ROOT


def test_two_sessions_give_pieces_that_join_to_a_model(world: World, tmp_path: Path) -> None:
    parts = tmp_path / "carried" / "parts"
    Making(PRESETS["toy"], world, tmp_path / "parts").save(parts)
    for part in ("decoder", "text_proj"):
        shutil.rmtree(parts / part)
    environment = {
        **os.environ, "PYTHON": sys.executable, "PRESET": "toy", "CARRIED": tmp_path / "carried",
        "WORK": tmp_path / "work", "MORE": "--steps 2 --threads 1 --processes 1",
    }

    def on_gpu(*arguments: str | Path) -> int:
        return subprocess.run([ROOT / "training" / "on-gpu", *arguments], env=environment).returncode

    assert on_gpu("train", tmp_path / "out", "0") == 3
    # The session that ended first gave what it had.
    assert (tmp_path / "out" / "piece-1.safetensors").exists()
    assert on_gpu("train", tmp_path / "out", "500") == 0
    files = list((tmp_path / "out").iterdir())
    assert {path.name for path in files} == {
        "piece-1.safetensors", "decoder-loss.png", "upsampler-loss.png", "upsampler-2-loss.png"}
    assert on_gpu("join", tmp_path / "out", tmp_path / "model") == 0

    pipeline = sheet.load(tmp_path / "model")
    picture = pipeline(
        "a red apple", generator=torch.Generator().manual_seed(1), prior_num_inference_steps=2,
        decoder_num_inference_steps=2, super_res_num_inference_steps=2).images[0]
    assert picture.size == (32, 32)
    # What was not trained came along unchanged.
    before, after = (
        sheet.PARTS["prior"].from_pretrained(folder / "prior").state_dict() for folder in (parts, tmp_path / "model"))
    assert all(torch.equal(before[name], after[name]) for name in before)
