"""Corruption takes away detail, never the picture."""

import random

import pytest
import torch

from training.corruption import _convolved, _quantised, corrupted


def pictures() -> torch.Tensor:
    """Smooth colours under fine noise."""
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(8, 3, 4, 4) * 1.6 - 0.8, size=32, mode="bilinear")
    return (smooth + 0.1 * torch.randn(8, 3, 32, 32)).clamp(-1, 1)


@pytest.mark.parametrize("ways", [("blur",), ("noise",), ("blur", "noise"), ("diverse",)])
def test_pictures_are_changed_but_recognisable(ways: tuple[str, ...]) -> None:
    clean = pictures()
    spoilt = corrupted(clean, ways, random.Random(0))
    assert spoilt.shape == clean.shape and spoilt.abs().max() <= 1
    difference = (spoilt - clean).abs().mean((1, 2, 3))
    assert 0.005 < difference.mean() and difference.max() < 0.2
    # Each picture by another amount.
    assert difference.std() > 0.001


def test_a_kernel_keeps_plain_colour_and_spreads_along_its_axis() -> None:
    plain = torch.full((2, 3, 16, 16), 0.3)
    axes = torch.tensor([1.5, 0.0]), torch.tensor([0.0, 0.0]), torch.tensor([0.0, 0.0])
    assert torch.allclose(_convolved(plain, *axes), plain, atol=1e-5)
    point = torch.zeros(1, 3, 15, 15)
    point[..., 7, 7] = 1
    spread = _convolved(point, *(axis[:1] for axis in axes))[0, 0]
    assert spread[7].sum() > 0.99 and spread[7, 5] > 0.05 and spread[5, 7] < 1e-3


def test_quantisation_leaves_little_of_fine_noise_and_all_of_plain_colour() -> None:
    plain = torch.full((1, 3, 20, 28), 0.5)
    assert (_quantised(plain, random.Random(0)) - plain).abs().max() < 0.05
    noise = 0.02 * torch.randn(1, 3, 32, 32)
    assert _quantised(noise, random.Random(0)).pow(2).sum() < noise.pow(2).sum()
