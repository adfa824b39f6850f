"""All figures of one model."""

import random
import statistics
from dataclasses import asdict
from pathlib import Path

import torch

from ..presets import Preset
from ..world import World
from . import nearest
from .answers import rates, right
from .cluster import Cluster
from .pictures import composed, diversity, moved, tensors
from .prompts import combinations, held_out
from .recogniser import Recogniser
from .report import stamp

# What a model must reach, in percent (of each preset that has a bar).
BARS = {
    "mini": {"object": 97, "background": 99.5},
    "base": {"object": 92, "background": 98, "relation": 85, "count": 85},
}
SEED = 1000
# With how many each prompt is rendered whose diversity is measured; and scenes that the recogniser itself is tried on.
SEEDS = 8
REAL = 2000


def on_real(recogniser: Recogniser, world: World, preset: Preset) -> dict[str, float | None]:
    """The recogniser's own rates, on composed scenes that it never saw."""
    chance = random.Random(10)
    scenes = [world.scene(chance, is_held_out=True) for _ in range(REAL)]
    return asdict(rates(recogniser.answers(composed(scenes, world, preset)), right(scenes, world)))


def evaluate(
    cluster: Cluster, recogniser: Recogniser, world: World, preset: Preset, out: Path, count: int, spread: int,
) -> dict:
    """Renders `count` prompts once, and `spread` of them with several seeds; sheets and pictures go to `out`."""
    prompts = held_out(world, count, seed=0)
    requests = [{"prompt": prompt.text, "seed": SEED + index} for index, prompt in enumerate(prompts)]
    pictures, lines = cluster.pictures(requests, out / "prompts")
    rendered = tensors(pictures)
    expected = right([prompt.scene for prompt in prompts], world)
    given = recogniser.answers(rendered)

    chosen = combinations(prompts)[:spread]
    groups, _ = cluster.pictures(
        [{"prompt": prompt.text, "seed": 2 * SEED, "n": SEEDS} for prompt in chosen], out / "seeds")
    groups = tensors(groups).unflatten(0, (len(chosen), SEEDS))
    pixels, features = diversity(groups, recogniser)
    real_pixels, real_features = diversity(
        moved([prompt.scene for prompt in chosen], world, preset, SEEDS, seed=11), recogniser)

    sample = combinations(prompts)
    rows = torch.tensor([prompts.index(prompt) for prompt in sample])
    found, among = nearest.find(sample, rendered[rows], world, preset)
    nearest.draw(found[:16], out / "nearest.png")

    times = [sum(stage["seconds"] for stage in line["stages"]) for line in lines]
    return {
        **stamp(), "preset": preset.name, "digest": lines[0]["model_digest"], "parameters": lines[0]["parameters"],
        "prompts": len(prompts), "combinations": len(sample), "things": len(world.things),
        "rendered": asdict(rates(given, expected)), "real": on_real(recogniser, world, preset),
        "bars": BARS.get(preset.name, {}),
        "diversity": {
            "prompts": len(chosen), "seeds": SEEDS, "pixels": pixels, "features": features,
            "composed_pixels": real_pixels, "composed_features": real_features,
        },
        "nearest": {
            "among": among, "pictures": len(found), "distance": statistics.median(one.distance for one in found),
            "truth_distance": statistics.median(one.truth_distance for one in found),
            "nearer_to_truth": 100 * statistics.mean(one.truth_distance < one.distance for one in found),
        },
        "seconds_a_picture": statistics.mean(times),
        "wrong": [
            {"prompt": prompt.text, "file": line["file"], "seen": world.things[int(given.first[index])].names[0]}
            for index, (prompt, line) in enumerate(zip(prompts, lines)) if given.first[index] != expected.first[index]
        ],
    }
