"""Predictions of noise and of pictures mean the same; the learned range of variances has its minimum at the truth."""

import pytest
import torch

from training.diffusion import clean_from, noised, variance_loss
from training.muon import Muon, orthogonal


@pytest.mark.parametrize("timestep", [0, 300, 900])
def test_the_noise_of_a_sample_gives_the_picture_back(timestep: int) -> None:
    torch.manual_seed(0)
    clean, noise = torch.rand(2, 3, 8, 8) * 2 - 1, torch.randn(2, 3, 8, 8)
    timesteps = torch.full((2,), timestep)
    sample = noised(clean, timesteps, noise)
    assert torch.allclose(clean_from(noise, sample, timesteps, "epsilon"), clean, atol=1e-3)
    assert torch.equal(clean_from(clean, sample, timesteps, "sample"), clean)


def test_the_variance_gives_the_prediction_no_gradient() -> None:
    torch.manual_seed(0)
    clean = torch.zeros(4, 3, 8, 8)
    predicted = torch.randn(4, 3, 8, 8, requires_grad=True)
    fraction = torch.zeros(4, 3, 8, 8, requires_grad=True)
    variance_loss(clean, predicted, fraction, torch.full((4,), 500)).backward()
    assert predicted.grad is None
    assert fraction.grad.abs().sum() > 0


def test_a_perfect_prediction_needs_the_smallest_variance_and_a_poor_one_more() -> None:
    clean = torch.zeros(64, 3, 8, 8)
    timesteps = torch.full((64,), 500)

    def best(predicted: torch.Tensor) -> float:
        losses = {}
        for fraction in torch.linspace(-1, 1, 9).tolist():
            torch.manual_seed(0)
            losses[fraction] = variance_loss(clean, predicted, torch.full_like(clean, fraction), timesteps).item()
        return min(losses, key=losses.get)

    assert best(clean) == -1
    assert best(torch.ones_like(clean)) > -1


def test_muon_makes_all_singular_values_alike() -> None:
    torch.manual_seed(0)
    for shape in ((3, 16, 40), (3, 40, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
        assert 0.5 < values.min() and values.max() < 1.5


def test_muon_moves_what_is_no_matrix_as_adam_does() -> None:
    torch.manual_seed(0)
    ours, theirs = ([torch.nn.Parameter(torch.arange(float(size)) + 1) for size in (3, 5)] for _ in range(2))
    muon = Muon(ours, 0.1, weight_decay=0.01)
    adam = torch.optim.AdamW(theirs, 0.1, betas=(0.9, 0.99), weight_decay=0.01)
    for _ in range(4):
        for parameter, other in zip(ours, theirs):
            parameter.grad = torch.randn_like(parameter)
            other.grad = parameter.grad.clone()
        muon.step()
        adam.step()
    for parameter, other in zip(ours, theirs):
        torch.testing.assert_close(parameter, other)
