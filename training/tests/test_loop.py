"""A training that was stopped goes on as if it had not been."""

from pathlib import Path

import pytest
import torch

from training import decoder
from training.loop import Budget, Loop, Paused
from training.making import Making
from training.presets import PRESETS
from training.world import World

STEPS = 6


def decoder_after(world: World, folder: Path, sessions_of_a_step: bool) -> dict[str, torch.Tensor]:
    """The decoder's weights after some steps: in one session, or in one session a step."""
    for _ in range(STEPS):
        making = Making(PRESETS["toy"], world, folder)
        making.clip.text.eval().requires_grad_(False)
        making.clip.vision.eval().requires_grad_(False)
        budget = Budget(seconds=0, steps=STEPS, deadline=0.0 if sessions_of_a_step else float("inf"))
        try:
            decoder.train(making.unet, making.projection, making.clip, world, PRESETS["toy"], folder, budget)
            return making.unet.state_dict()
        except Paused:
            # What the interruption leaves behind must not matter.
            torch.rand(17)
    raise AssertionError("it never came to an end")


def test_a_resumed_run_is_the_same_run(world: World, tmp_path: Path) -> None:
    whole = decoder_after(world, tmp_path / "whole", sessions_of_a_step=False)
    parts = decoder_after(world, tmp_path / "parts", sessions_of_a_step=True)
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_finished_part_is_not_trained_again(tmp_path: Path) -> None:
    def loop() -> tuple[Loop, torch.nn.Linear]:
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 1)
        return Loop("part", tmp_path, [layer], Budget(seconds=0, steps=5), rate=0.1), layer

    first, layer = loop()
    first.run(lambda: layer(torch.randn(8, 3)).pow(2).mean())
    second, other = loop()
    second.run(lambda: pytest.fail("it is trained already"))
    assert torch.equal(layer.weight, other.weight)
    assert len(second.losses) == 5


def test_time_that_a_process_was_stopped_for_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("training.loop.time.monotonic", lambda: now[0])
    layer = torch.nn.Linear(3, 1)
    loop = Loop("part", tmp_path, [layer], Budget(seconds=10), rate=0.1)

    def loss() -> torch.Tensor:
        now[0] += 3600 if loop.step == 4 else 1
        return layer(torch.randn(8, 3)).pow(2).mean()

    loop.run(loss)
    # Four steps of a second, one of an hour that counts as a few, and the rest.
    assert 6 <= loop.step <= 9
