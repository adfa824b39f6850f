"""Between pictures as files and pictures as tensors, at the recogniser's size; distances between them."""

import random

import numpy
import torch
from PIL import Image

from ..arrays import Arrays
from ..presets import Preset
from ..scenes import Scene
from ..world import World
from .recogniser import Recogniser, reduced


def tensors(pictures: list[Image.Image]) -> torch.Tensor:
    """[n, 3, 64, 64] in -1 ... 1."""
    values = torch.from_numpy(numpy.stack([numpy.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2)
    return reduced(values.float() / 127.5 - 1)


def image(values: torch.Tensor) -> Image.Image:
    """One tensor as a picture."""
    return Image.fromarray(((values + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy())


def composed(scenes: list[Scene], world: World, preset: Preset) -> torch.Tensor:
    """The scenes' true pictures."""
    composer = world.composer(preset.full_size, torch.device("cpu"))
    return torch.cat([
        reduced(composer.pictures(Arrays.of(part, numpy.full((len(part), 3), 0.25))))
        for part in (scenes[start : start + 64] for start in range(0, len(scenes), 64))])


def moved(scenes: list[Scene], world: World, preset: Preset, places: int, seed: int) -> torch.Tensor:
    """[n, places, 3, 64, 64]: the scenes' true pictures with their things in so many places each."""
    chance = random.Random(seed)
    pictures = composed([world.placed(scene, chance) for scene in scenes for _ in range(places)], world, preset)
    return pictures.unflatten(0, (len(scenes), places))


def distances(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """[n, m]: root mean square differences of pixels, in shares of the whole range."""
    one, other = one.flatten(1), other.flatten(1)
    return torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist") / (2 * one.shape[1] ** 0.5)


def mean_pairwise(values: torch.Tensor) -> float:
    """Of a square table of distances, the mean without its diagonal."""
    count = len(values)
    return (values.sum() / (count * (count - 1))).item()


def diversity(groups: torch.Tensor, recogniser: Recogniser) -> tuple[float, float]:
    """Of pictures [prompts, seeds, 3, 64, 64]: the mean distance of two seeds of a prompt, in pixels (root mean
    square) and in the recogniser's features (1 less their cosine)."""
    pixels, features = [], []
    for group in groups:
        pixels.append(mean_pairwise(distances(group, group)))
        seen = torch.nn.functional.normalize(recogniser.look(group), dim=-1)
        features.append(mean_pairwise((1 - seen @ seen.T).fill_diagonal_(0)))
    return sum(pixels) / len(pixels), sum(features) / len(features)
