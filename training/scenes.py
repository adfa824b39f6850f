"""What a picture shows, and the caption that says so."""

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from .language import number, plural, with_article

# Slots of a scene: the most things that it shows.
SLOTS = 4

COLOURS = {
    "red": (214, 40, 40), "orange": (247, 140, 32), "yellow": (250, 214, 60), "green": (56, 158, 74),
    "blue": (44, 92, 200), "purple": (128, 62, 170), "pink": (246, 160, 190), "white": (250, 250, 250),
    "grey": (140, 140, 140), "black": (18, 18, 18),
}


class Pattern(StrEnum):
    PLAIN = "plain"
    STRIPED = "striped"
    CHECKED = "checkered"
    DOTTED = "dotted"


class Relation(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    ABOVE = "above"
    BELOW = "below"


MIRRORED = {Relation.RIGHT: Relation.LEFT, Relation.BELOW: Relation.ABOVE}


class Size(StrEnum):
    SMALL = "small"
    ANY = ""
    LARGE = "large"


@dataclass(frozen=True)
class Background:
    """One colour, or a pattern of a second on a first."""

    pattern: Pattern
    colours: tuple[int, ...]  # indices into COLOURS

    def phrases(self) -> list[str]:
        """Ways to name it, without an article."""
        names = [list(COLOURS)[colour] for colour in self.colours]
        match self.pattern:
            case Pattern.PLAIN:
                return [f"{names[0]} background"]
            case Pattern.STRIPED | Pattern.CHECKED:
                return [
                    f"{names[0]} and {names[1]} {self.pattern} background",
                    f"{names[1]} and {names[0]} {self.pattern} background",
                ]
            case Pattern.DOTTED:
                return [f"{names[0]} background with {names[1]} dots"]


@dataclass(frozen=True)
class Placed:
    """A drawing somewhere in the picture: centre and longest side in shares of the picture's."""

    drawing: int
    x: float
    y: float
    side: float


@dataclass(frozen=True)
class Scene:
    """One thing once or several times, or two things in a relation, over a background.

    `first` stands in `relation` to `second`: LEFT means that it is left of it.
    """

    first: int
    background: Background
    count: int = 1
    size: Size = Size.ANY
    second: int | None = None
    relation: Relation | None = None
    placed: tuple[Placed, ...] = ()

    @property
    def content(self) -> "Scene":
        """The scene without its placement: what its caption says."""
        return replace(self, placed=())

    @property
    def is_held_out(self) -> bool:
        """Of combinations, about one in eleven, spread over all things, backgrounds, counts and relations.

        These are never trained on.
        """
        first, second, relation = self.first, self.second, self.relation
        # "A right of B" is the same picture as "B left of A".
        if relation in MIRRORED:
            first, second, relation = second, first, MIRRORED[relation]
        shown = first * 7 + self.background.colours[0] * 3 + self.count - 1
        shown += 5 * list(Pattern).index(self.background.pattern)
        if second is not None:
            shown += second * 3 + 2 * list(Relation).index(relation)
        return shown % 11 == 0


# {thing} has its article, {background} has none.
TEMPLATES = (
    "{thing} on {a_background}", "{bare} on {a_background}", "a picture of {thing} on {a_background}",
    "{bare}, {background}", "{a_background} with {thing}", "{bare} on {colour}",
)
# For backgrounds whose name has a "with" in it.
DOTTED_TEMPLATES = ("{thing} on {a_background}", "{bare} on {a_background}", "a picture of {thing} on {a_background}")
RELATIONS = {
    Relation.LEFT: ("{a} left of {b}", "{a} to the left of {b}"),
    Relation.RIGHT: ("{a} right of {b}", "{a} to the right of {b}"),
    Relation.ABOVE: ("{a} above {b}",),
    Relation.BELOW: ("{a} below {b}", "{a} under {b}"),
}
SIZES = {Size.SMALL: ("small", "little"), Size.LARGE: ("large", "big")}


def subjects(scene: Scene, first: str, second: str | None) -> list[tuple[str, str]]:
    """Ways to name what a scene shows: with articles and without."""
    if second is not None:
        pair = (with_article(first), with_article(second))
        named = [form.format(a=pair[0], b=pair[1]) for form in RELATIONS[scene.relation]]
        return [(text, text) for text in named]
    if scene.count > 1:
        text = f"{number(scene.count)} {plural(first)}"
        return [(text, text)]
    if scene.size is not Size.ANY:
        return [(with_article(f"{word} {first}"), f"{word} {first}") for word in SIZES[scene.size]]
    return [(with_article(first), first)]


def caption(scene: Scene, first: str, second: str | None, chance: random.Random) -> str:
    """One of the ways to say what a scene shows; `first` and `second` are the names of its things."""
    thing, bare = chance.choice(subjects(scene, first, second))
    background = chance.choice(scene.background.phrases())
    is_dotted = scene.background.pattern is Pattern.DOTTED
    return chance.choice(DOTTED_TEMPLATES if is_dotted else TEMPLATES).format(
        thing=thing, bare=bare, background=background, a_background=with_article(background),
        colour=background.removesuffix(" background") if scene.background.pattern is Pattern.PLAIN
        else with_article(background))
