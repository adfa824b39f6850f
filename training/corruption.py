"""What is done to an upsampler's low-resolution input in training.

The pictures that it will enlarge are a decoder's, softer and noisier than shrunk ones. The first upsampler's
input is blurred (Cascaded Diffusion Models for High Fidelity Image Generation, 2021); those of later ones suffer
more diversely (Designing a Practical Degradation Model for Deep Blind Image Super-Resolution, 2021): blur by
any ellipse, shrinking and enlarging, noise, JPEG's quantisation, in any order. Each picture suffers differently.
"""

import math
import random

import torch
import torch.nn.functional as F

# Standard luminance table of JPEG (ITU-T T.81, annex K), which serves for the colour planes too.
QUANTISATION = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55), (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62), (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)
KERNEL = 7


def corrupted(pictures: torch.Tensor, ways: tuple[str, ...], chance: random.Random) -> torch.Tensor:
    """Pictures of shape [n, 3, size, size] in -1 ... 1, spoilt in these ways."""
    for way in ways:
        pictures = {"blur": blurred, "noise": noisy, "diverse": diversely}[way](pictures, chance)
    return pictures.clamp(-1, 1)


def blurred(pictures: torch.Tensor, chance: random.Random, largest: float = 1.0) -> torch.Tensor:
    """By a round Gaussian of up to `largest` pixels."""
    sigma = largest * torch.rand(len(pictures), device=pictures.device)
    return _convolved(pictures, sigma, sigma, torch.zeros_like(sigma))


def noisy(pictures: torch.Tensor, chance: random.Random, largest: float = 0.1) -> torch.Tensor:
    amount = largest * torch.rand(len(pictures), 1, 1, 1, device=pictures.device)
    return pictures + amount * torch.randn_like(pictures)


def diversely(pictures: torch.Tensor, chance: random.Random) -> torch.Tensor:
    ways = [_blurred_by_ellipse, _rescaled, noisy, _quantised]
    chance.shuffle(ways)
    for way in ways:
        is_spoilt = torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < 0.7
        pictures = torch.where(is_spoilt, way(pictures, chance), pictures)
    return pictures


def _blurred_by_ellipse(pictures: torch.Tensor, chance: random.Random) -> torch.Tensor:
    a, b, angle = torch.rand(3, len(pictures), device=pictures.device)
    return _convolved(pictures, 1.2 * a, 1.2 * b, math.pi * angle)


def _rescaled(pictures: torch.Tensor, chance: random.Random) -> torch.Tensor:
    size = pictures.shape[-1]
    smaller = max(8, int(size * chance.uniform(0.5, 1)))
    modes = chance.choices(["bilinear", "bicubic"], k=2)
    shrunk = F.interpolate(pictures, size=[smaller] * 2, mode=modes[0], align_corners=False, antialias=True)
    return F.interpolate(shrunk, size=[size] * 2, mode=modes[1], align_corners=False)


def _quantised(pictures: torch.Tensor, chance: random.Random) -> torch.Tensor:
    """As JPEG does at qualities of 40 to 95, without its subsampling of colours."""
    count, channels, height, width = pictures.shape
    device = pictures.device
    quality = 40 + 55 * torch.rand(count, device=device)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50).clamp(min=0.02)
    table = (torch.tensor(QUANTISATION, device=device) * scale[:, None, None] / 127.5).view(count, 1, 1, 1, 8, 8)
    line = torch.arange(8, device=device)
    cosines = torch.cos((2 * line[None] + 1) * line[:, None] * math.pi / 16) / 2
    cosines[0] /= math.sqrt(2)
    padded = F.pad(pictures, (0, -width % 8, 0, -height % 8), mode="replicate")
    blocks = padded.unfold(2, 8, 8).unfold(3, 8, 8)
    waves = (cosines @ blocks @ cosines.T / table).round() * table
    blocks = cosines.T @ waves @ cosines
    rows, columns = padded.shape[-2] // 8, padded.shape[-1] // 8
    whole = blocks.permute(0, 1, 2, 4, 3, 5).reshape(count, channels, rows * 8, columns * 8)
    return whole[..., :height, :width]


def _convolved(pictures: torch.Tensor, a: torch.Tensor, b: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Each with the Gaussian whose axes are `a` and `b` pixels, turned by `angle`."""
    count, channels, height, width = pictures.shape
    line = torch.arange(KERNEL, device=pictures.device) - KERNEL // 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    u, v = x * cosine + y * sine, y * cosine - x * sine
    kernel = torch.exp(
        -0.5 * (u / (a[:, None, None] + 1e-2)) ** 2 - 0.5 * (v / (b[:, None, None] + 1e-2)) ** 2)
    kernel = kernel / kernel.sum((1, 2), keepdim=True)
    margin = KERNEL // 2
    padded = F.pad(pictures, (margin,) * 4, mode="replicate").reshape(1, count * channels, height + 2 * margin, -1)
    weights = kernel[:, None].repeat_interleave(channels, 0)
    return F.conv2d(padded, weights, groups=count * channels).view(count, channels, height, width)
