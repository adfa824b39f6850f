"""The whole way at toy size, on a processor: `python3 -m pytest training` from the project's root."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A toy model, trained for a few steps: (work folder, model folder)."""
    folder = tmp_path_factory.mktemp("toy")
    prompts = folder / "prompts.txt"
    prompts.write_text("a red apple on a blue background\n")
    subprocess.run(
        [
            sys.executable, "-m", "training", "--preset", "toy", "--budget", "1h", "--steps", "60", "--work", folder / "work",
            "--out", folder / "model", "--prompts", prompts,
        ],
        cwd=ROOT, check=True,
    )
    return folder / "work" / "toy", folder / "model"


@pytest.mark.parametrize("part", ["clip", "prior", "decoder", "upsampler"])
def test_each_loss_falls(trained: tuple[Path, Path], part: str) -> None:
    losses = torch.load(trained[0] / f"{part}.checkpoint", weights_only=True)["losses"]
    assert len(losses) == 60
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


def test_the_folder_has_every_part(trained: tuple[Path, Path]) -> None:
    index = json.loads((trained[1] / "model_index.json").read_text())
    parts = [name for name, value in index.items() if isinstance(value, list)]
    assert len(parts) == 12
    assert all((trained[1] / part).is_dir() for part in parts)


def test_the_reference_rendered_a_sheet(trained: tuple[Path, Path]) -> None:
    assert (trained[0] / "sheet.png").stat().st_size > 1000


def test_both_spellings_of_the_tokenizer_give_the_same_ids(trained: tuple[Path, Path]) -> None:
    from transformers import CLIPTokenizer

    folder = trained[1] / "tokenizer"
    one = CLIPTokenizer.from_pretrained(folder)
    other = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    for text in ["a red apple on a blue background", "Ünïcode & 123's", ""]:
        assert one(text).input_ids == other(text).input_ids
