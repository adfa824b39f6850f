"""The training picture that is nearest to each rendered one, so that copying is seen."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from ..presets import Preset
from ..scenes import Scene
from ..world import World
from .pictures import distances, image, moved
from .prompts import Prompt

PLACES = 4


@dataclass(frozen=True)
class Nearest:
    """A rendered picture, the training picture nearest to it, and what it should show, which was never trained on."""

    prompt: Prompt
    rendered: torch.Tensor
    training: torch.Tensor
    scene: Scene
    distance: float
    truth: torch.Tensor
    truth_distance: float


def training_scenes(world: World, count: int) -> list[Scene]:
    """Different ones: all that there are, or so many."""
    chance, scenes = random.Random(9), {}
    for _ in range(20 * count):
        scene = world.scene(chance)
        scenes.setdefault(scene.content, scene)
        if len(scenes) == count:
            break
    return list(scenes.values())


def find(
    prompts: list[Prompt], rendered: torch.Tensor, world: World, preset: Preset, among: int = 4096
) -> tuple[list[Nearest], int]:
    """For each prompt's picture; and among how many training pictures it was looked for.

    Of every scene, trained or held out, the nearest of `PLACES` pictures counts, with its things in as many places.
    """
    scenes = training_scenes(world, among)
    pictures = moved(scenes, world, preset, PLACES, seed=12).flatten(0, 1)
    truths = moved([prompt.scene for prompt in prompts], world, preset, PLACES, seed=13)
    table = distances(rendered, pictures)
    found = []
    for row, prompt in enumerate(prompts):
        best = int(table[row].argmin())
        away = distances(rendered[row : row + 1], truths[row])[0]
        found.append(Nearest(
            prompt, rendered[row], pictures[best], scenes[best // PLACES], table[row, best].item(),
            truths[row, away.argmin()], away.min().item()))
    return found, len(pictures)


def draw(found: list[Nearest], path: Path) -> None:
    """Threes: rendered; nearest of training; the held-out truth; each distance under its picture."""
    side, columns = 96, 2
    width, height = 3 * side + 24, side + 32
    rows = -(-len(found) // columns)
    sheet = Image.new("RGB", (columns * width + 8, rows * height + 24), "white")
    pen = ImageDraw.Draw(sheet)
    for column in range(columns):
        for index, title in enumerate(("rendered", "nearest trained", "held-out truth")):
            pen.text((column * width + 8 + index * (side + 4), 6), title, fill="#666")
    for index, one in enumerate(found):
        x, y = index % columns * width + 8, index // columns * height + 24
        for place, picture in enumerate((one.rendered, one.training, one.truth)):
            sheet.paste(image(picture).resize((side, side), Image.Resampling.LANCZOS), (x + place * (side + 4), y))
        pen.text((x, y + side + 2), one.prompt.text[:46], fill="black")
        pen.text((x + side + 4, y + side + 14), f"{one.distance:.3f}", fill="black")
        pen.text((x + 2 * (side + 4), y + side + 14), f"{one.truth_distance:.3f}", fill="black")
    sheet.quantize(192).save(path, optimize=True)
