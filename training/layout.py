"""Where the things of a scene stand, with a little chance: never over one another, never cut off."""

import random

from .scenes import Placed, Relation, Scene, Size

# Longest sides of a single thing, in shares of the picture.
SIDES = {Size.SMALL: (0.24, 0.34), Size.ANY: (0.52, 0.72), Size.LARGE: (0.82, 0.94)}
# Centres of several, and the side of a cell.
ARRANGEMENTS = {
    2: ((((0.27, 0.5), (0.73, 0.5)), 0.42), (((0.5, 0.27), (0.5, 0.73)), 0.42)),
    3: (
        (((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)), 0.42), (((0.27, 0.27), (0.73, 0.27), (0.5, 0.73)), 0.42),
        (((0.18, 0.5), (0.5, 0.5), (0.82, 0.5)), 0.27),
    ),
    4: ((((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)), 0.42),),
}
# How far a thing may be from its place.
JITTER = 0.02


def place(scene: Scene, drawings: tuple[int, int | None], chance: random.Random) -> tuple[Placed, ...]:
    """Places the drawings of the first and of the second thing."""
    first, second = drawings
    if second is not None:
        offset = chance.uniform(0.23, 0.25)
        first_x, first_y = {
            Relation.LEFT: (-offset, 0.0), Relation.RIGHT: (offset, 0.0), Relation.ABOVE: (0.0, -offset),
            Relation.BELOW: (0.0, offset),
        }[scene.relation]
        return tuple(
            _near(drawing, 0.5 + sign * first_x, 0.5 + sign * first_y, chance.uniform(0.32, 0.38), chance)
            for drawing, sign in ((first, 1), (second, -1)))
    if scene.count > 1:
        centres, cell = chance.choice(ARRANGEMENTS[scene.count])
        side = cell * chance.uniform(0.85, 1)
        return tuple(_near(first, x, y, side, chance) for x, y in centres)
    side = chance.uniform(*SIDES[scene.size])
    reach = {Size.SMALL: 0.25, Size.ANY: 0.08, Size.LARGE: 0.02}[scene.size]
    x, y = (0.5 + chance.uniform(-reach, reach) for _ in range(2))
    return (Placed(first, x, y, side),)


def _near(drawing: int, x: float, y: float, side: float, chance: random.Random) -> Placed:
    return Placed(drawing, x + chance.uniform(-JITTER, JITTER), y + chance.uniform(-JITTER, JITTER), side)
