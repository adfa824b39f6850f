"""The upsampler: a U-Net without attention that draws the details of a small picture.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.1; its low-resolution
input is corrupted in training (Cascaded Diffusion Models, 2021), since the decoder's pictures are softer
and noisier than shrunk ones. Being convolutional, it trains on crops.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DModel

from .diffusion import TIMESTEPS, noised, signal_to_noise_weight
from .loop import Loop
from .pictures import Pictures
from .presets import Preset
from .world import COLOURS, THINGS

LEARNING_RATE = 6e-4


def make(preset: Preset) -> UNet2DModel:
    levels = len(preset.upsampler_channels)
    return UNet2DModel(
        sample_size=preset.full_size, in_channels=6, out_channels=3,
        down_block_types=("ResnetDownsampleBlock2D",) * levels, up_block_types=("ResnetUpsampleBlock2D",) * levels,
        block_out_channels=preset.upsampler_channels, layers_per_block=1, norm_num_groups=preset.groups,
        add_attention=False, resnet_time_scale_shift="scale_shift",
    )


def resized(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """As the pipeline enlarges: bicubic, antialiased."""
    return F.interpolate(pictures, size=[size, size], mode="bicubic", align_corners=False, antialias=True)


def corrupted(small: torch.Tensor) -> torch.Tensor:
    """Blurred and disturbed, each picture by another amount."""
    size = small.shape[-1]
    soft = resized(resized(small, size // 2), size)
    blur = torch.rand(len(small), 1, 1, 1, device=small.device) * 0.5
    noise = torch.rand(len(small), 1, 1, 1, device=small.device) * 0.1
    return (small * (1 - blur) + soft * blur + noise * torch.randn_like(small)).clamp(-1, 1)


def train(model: UNet2DModel, pictures: Pictures, preset: Preset, folder: Path, seconds: float, steps: int | None) -> None:
    device = model.device
    loop = Loop("upsampler", folder, [model], seconds, LEARNING_RATE)
    factor = preset.full_size // preset.base_size
    room = (preset.full_size - preset.upsampler_crop) // factor

    def loss() -> torch.Tensor:
        count = preset.upsampler_batch
        choice = [torch.randint(limit, (count,)) for limit in (len(THINGS), pictures.variants, len(COLOURS))]
        clean = pictures.compose(preset.full_size, *choice).to(device)
        small = corrupted(pictures.compose(preset.base_size, *choice).to(device))
        enlarged = resized(small, preset.full_size)
        row, column = (factor * torch.randint(room + 1, (2,))).tolist()
        window = (..., slice(row, row + preset.upsampler_crop), slice(column, column + preset.upsampler_crop))
        clean, enlarged = clean[window], enlarged[window]
        timesteps = torch.randint(TIMESTEPS, (count,), device=device)
        sample = noised(clean, timesteps, torch.randn_like(clean))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            predicted = model(torch.cat([sample, enlarged], 1), timesteps).sample
        weight = signal_to_noise_weight(timesteps, 0.3, 5, device)
        return (weight * (predicted.float() - clean).pow(2).mean((1, 2, 3))).mean()

    loop.run(loss, steps)
