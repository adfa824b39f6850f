"""A toy model, trained once for all tests: about two minutes on a processor."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from training import bytepairs
from training.presets import PRESETS
from training.words import Words
from training.world import World
from training.worlds import few_things

ROOT = Path(__file__).resolve().parents[2]
STEPS = 300

# Toy parts are so small that more threads only wait for each other.
torch.set_num_threads(1)


@dataclass
class Trained:
    work: Path
    model: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("toy")
    prompts = folder / "prompts.txt"
    prompts.write_text("a red apple on a blue background\n")
    subprocess.run(
        [
            sys.executable, "-m", "training", "--steps", str(STEPS), "--threads", "1", "--preset", "toy",
            "--work", folder / "work", "--out", folder / "model", "--prompts", prompts,
        ],
        cwd=ROOT, check=True,
    )
    return Trained(folder / "work" / "toy", folder / "model")


@pytest.fixture(scope="session")
def words(world: World, tmp_path_factory: pytest.TempPathFactory) -> Words:
    toy = PRESETS["toy"]
    return Words.of(bytepairs.make(world, toy, tmp_path_factory.mktemp("tokenizer")), world, toy.tokens)


@pytest.fixture(scope="session")
def world() -> World:
    return few_things(PRESETS["toy"].rules)
