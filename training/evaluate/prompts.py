"""Prompts of combinations that were never trained on, always the same for a seed."""

import random
from dataclasses import dataclass

from ..scenes import Scene
from ..world import World

# Draws in vain after which a world has no further prompts.
PATIENCE = 2000


@dataclass(frozen=True)
class Prompt:
    """A held-out scene with its caption."""

    scene: Scene
    text: str


def held_out(world: World, count: int, seed: int) -> list[Prompt]:
    """Up to so many, no text twice: fewer in a world that has no more."""
    chance = random.Random(seed)
    prompts: dict[str, Prompt] = {}
    in_vain = 0
    while len(prompts) < count and in_vain < PATIENCE:
        scene = world.scene(chance, is_held_out=True)
        text = world.caption(scene, chance)
        in_vain = in_vain + 1 if text in prompts else 0
        prompts.setdefault(text, Prompt(scene, text))
    return list(prompts.values())


def combinations(prompts: list[Prompt]) -> list[Prompt]:
    """One of each combination, in order."""
    first: dict[Scene, Prompt] = {}
    for prompt in prompts:
        first.setdefault(prompt.scene.content, prompt)
    return list(first.values())
