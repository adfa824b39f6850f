"""Sixteen prompts that show what a world has: single things, sizes, patterns, counts and pairs.

    python -m training.examples --preset base --out examples/prompts.txt
"""

import argparse
import random
from pathlib import Path

from .presets import PRESETS
from .scenes import Pattern, Scene, Size
from .world import World
from .worlds import for_preset

COUNT = 16
# What a scene can show besides a thing on a plain background, by what it is called in a prompt file's remark.
KINDS = {
    "single things": lambda scene: scene.second is None and scene.count == 1 and scene.size is Size.ANY
    and scene.background.pattern is Pattern.PLAIN,
    "sizes": lambda scene: scene.size is not Size.ANY and scene.background.pattern is Pattern.PLAIN,
    "patterns": lambda scene: scene.background.pattern is not Pattern.PLAIN and scene.second is None
    and scene.count == 1,
    "counts": lambda scene: scene.count > 1 and scene.background.pattern is Pattern.PLAIN,
    "two things": lambda scene: scene.second is not None and scene.background.pattern is Pattern.PLAIN,
}


def prompts(world: World, count: int = COUNT, seed: int = 0) -> list[str]:
    """As many of each kind that the world's rules have, none of them trained on, no thing twice."""
    rules, chance = world.rules, random.Random(seed)
    has = dict(zip(KINDS, (True, rules.sizes, rules.patterns, rules.counts, rules.pairs)))
    kinds = [kind for kind in KINDS if has[kind]]
    lines, shown = [], set()
    while len(lines) < count:
        scene: Scene = world.scene(chance, is_held_out=True)
        things = {scene.first, scene.second} - {None}
        if KINDS[kinds[len(lines) % len(kinds)]](scene) and not things & shown:
            shown |= things
            lines.append(world.caption(scene, chance))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m training.examples", description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="mini")
    parser.add_argument("--data", type=Path, default=Path("training/.data"))
    parser.add_argument("--out", type=Path, default=Path("examples/prompts.txt"))
    options = parser.parse_args()
    lines = prompts(for_preset(PRESETS[options.preset], options.data))
    head = "# Sixteen prompts from the bundled model's world, by python -m training.examples; none was trained on."
    options.out.write_text("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    main()
