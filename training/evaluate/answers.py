"""What is asked about a picture, and which answers to it are the same."""

from dataclasses import dataclass

import torch

from ..scenes import COLOURS, MIRRORED, SLOTS, Pattern, Relation, Scene
from ..world import World

# Relations after mirroring: none, left, above.
RELATIONS = (None, Relation.LEFT, Relation.ABOVE)
# Whose two colours change places without a trace.
SYMMETRIC = (Pattern.STRIPED, Pattern.CHECKED)


@dataclass(frozen=True)
class Answers:
    """Indices, of one scene or [n] of a batch."""

    first: torch.Tensor
    second: torch.Tensor  # the number of things where there is no second
    relation: torch.Tensor
    count: torch.Tensor  # less one
    pattern: torch.Tensor
    ground: torch.Tensor
    over: torch.Tensor  # the pattern's colour; the ground's where it is plain

    @staticmethod
    def sizes(world: World) -> dict[str, int]:
        """How many answers each question has."""
        things = len(world.things)
        return {
            "first": things, "second": things + 1, "relation": len(RELATIONS), "count": SLOTS,
            "pattern": len(Pattern), "ground": len(COLOURS), "over": len(COLOURS),
        }


def right(scenes: list[Scene], world: World) -> Answers:
    """What the scenes show. "A right of B" is "B left of A"."""
    rows = []
    for scene in scenes:
        first, second, relation = scene.first, scene.second, scene.relation
        if relation in MIRRORED:
            first, second, relation = second, first, MIRRORED[relation]
        colours = (scene.background.colours[0], scene.background.colours[-1])
        if scene.background.pattern in SYMMETRIC:
            colours = tuple(sorted(colours))
        rows.append((
            first, len(world.things) if second is None else second, RELATIONS.index(relation), scene.count - 1,
            list(Pattern).index(scene.background.pattern), *colours,
        ))
    return Answers(*torch.tensor(rows).unbind(1))


@dataclass(frozen=True)
class Rates:
    """Shares of right pictures in percent; none where no scene asks for it."""

    object: float
    background: float
    relation: float | None
    count: float | None


def rates(given: Answers, expected: Answers) -> Rates:
    """An object is right if every thing of the scene is; so are its relation and count only if the things are."""
    is_pair = expected.relation > 0
    is_several = expected.count > 0
    both = (given.first == expected.first) & (given.second == expected.second)
    either = (given.first == expected.second) & (given.second == expected.first)
    is_object = torch.where(is_pair, both | either, given.first == expected.first)
    is_relation = both & (given.relation == expected.relation)
    is_count = is_object & (given.count == expected.count)
    is_background = (
        (given.pattern == expected.pattern) & (given.ground == expected.ground)
        & ((expected.pattern == 0) | (given.over == expected.over)))

    def share(values: torch.Tensor, asked: torch.Tensor | None = None) -> float | None:
        values = values if asked is None else values[asked]
        return 100 * values.float().mean().item() if len(values) else None

    return Rates(share(is_object), share(is_background), share(is_relation, is_pair), share(is_count, is_several))
