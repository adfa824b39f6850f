"""Upsamplers: U-Nets without attention that draw the details of a smaller picture.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.1. Being convolutional, they
train on crops. Their low-resolution input is corrupted (corruption.py); every other batch of the first upsampler's
is the decoder's own drawing of the picture instead, with faults that these corruptions do not imitate.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DModel

from .arrays import Examples
from .compiling import Compiling
from .compose import shrunk
from .corruption import corrupted
from .diffusion import TIMESTEPS, noised, signal_to_noise_weight
from .feed import Feed, Recipe
from .loop import Budget, Loop
from .muon import Muon
from .precision import mixed
from .presets import Enlargement, Preset
from .words import Words
from .world import World

LEARNING_RATE = 1e-3
# Draws scenes as the decoder would: from their pictures at full and at the decoder's size, and their captions.
Redraw = Callable[[torch.Tensor, torch.Tensor, Examples], torch.Tensor]


def make(enlargement: Enlargement, groups: int) -> UNet2DModel:
    levels = len(enlargement.channels)
    return UNet2DModel(
        sample_size=enlargement.size, in_channels=6, out_channels=3,
        down_block_types=("ResnetDownsampleBlock2D",) * levels, up_block_types=("ResnetUpsampleBlock2D",) * levels,
        block_out_channels=enlargement.channels, layers_per_block=1, norm_num_groups=groups,
        add_attention=False, resnet_time_scale_shift="scale_shift",
    )


def resized(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """As the pipeline enlarges: bicubic, antialiased."""
    return F.interpolate(pictures, size=[size, size], mode="bicubic", align_corners=False, antialias=True)


def train(
    model: UNet2DModel, stage: int, world: World, words: Words, preset: Preset, folder: Path, budget: Budget,
    redraw: Redraw | None = None, redrawing: Sequence[torch.nn.Module] = (), processes: int = 0,
    compiling: Compiling = Compiling(),
) -> None:
    """Trains the upsampler of one stage of the cascade; `redraw`, with its networks, is of the first only."""
    device, enlargement = model.device, preset.upsamplers[stage]
    loop = Loop(
        name(stage), folder, [model], budget, LEARNING_RATE, optimizer=Muon, seed=5 + stage, compiling=compiling,
        compiled=[model, *redrawing])
    smaller = preset.upsamplers[stage - 1].size if stage else preset.base_size
    composer = world.composer(preset.full_size, device)
    factor = enlargement.size // smaller
    room = (enlargement.size - enlargement.crop) // factor
    recipe = Recipe(world.without_drawings, words, enlargement.batch, seed=5 + stage)

    def loss(examples: Examples) -> torch.Tensor:
        pictures = composer.pictures(examples.arrays)
        clean = shrunk(pictures, enlargement.size)
        if redraw is not None and loop.step % 2 == 1:
            small = redraw(pictures, shrunk(pictures, smaller), examples)
        else:
            small = corrupted(shrunk(clean, smaller), enlargement.corruption, loop.chance)
        enlarged = resized(small, enlargement.size)
        row, column = (factor * loop.chance.randint(0, room) for _ in range(2))
        window = (..., slice(row, row + enlargement.crop), slice(column, column + enlargement.crop))
        return loss_of(model, clean[window], enlarged[window], preset.prediction)

    with Feed(recipe, loop.step, processes) as batches:
        loop.run(lambda: loss(next(batches)))


def loss_of(model: UNet2DModel, clean: torch.Tensor, enlarged: torch.Tensor, prediction: str) -> torch.Tensor:
    """Of pictures and what is known of them: the simple objective of Denoising Diffusion Probabilistic Models."""
    device, count = clean.device, len(clean)
    timesteps = torch.randint(TIMESTEPS, (count,), device=device)
    noise = torch.randn_like(clean)
    sample = noised(clean, timesteps, noise)
    with mixed(device):
        predicted = model(torch.cat([sample, enlarged], 1), timesteps).sample.float()
    error = (predicted - (noise if prediction == "epsilon" else clean)).pow(2).mean((1, 2, 3))
    if prediction == "sample":
        error = signal_to_noise_weight(timesteps, 0.3, 5, device) * error
    return error.mean()


def name(stage: int) -> str:
    """Of a stage's checkpoint."""
    return "upsampler" if stage == 0 else f"upsampler-{stage + 1}"


def parts(stage: int) -> tuple[str, str]:
    """A stage's folders in a model: of all steps but the last, and its scheduler's."""
    return ("super_res_first", "super_res_scheduler") if stage == 0 else (
        f"super_res_{stage + 1}_first", f"super_res_{stage + 1}_scheduler")
