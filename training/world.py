"""What a model is taught: things, and the scenes that they appear in.

Processes that make scenes import this, so it imports nothing that is slow to start; `worlds.py` fills worlds.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from . import layout
from .language import NUMBERS, is_plural, plural
from .scenes import COLOURS, RELATIONS, SIZES, TEMPLATES, Background, Pattern, Relation, Scene, Size, caption

if TYPE_CHECKING:
    import torch

    from .compose import Composer
    from .data.pack import Source


@dataclass
class Thing:
    """What it may be called, the usual name first, and the numbers of its drawings."""

    names: list[str]
    drawings: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Rules:
    """Which scenes there are: shares of all."""

    counts: float = 0.0  # two to four of a thing
    pairs: float = 0.0  # two things in a relation
    sizes: float = 0.0  # of single things, those called small or large
    patterns: float = 0.0  # of backgrounds, those of two colours


class World:
    """Things with their drawings, and rules for scenes. Without drawings it makes scenes and captions all the same."""

    def __init__(
        self, things: list[Thing], drawings: "torch.Tensor | None", rules: Rules, sources: "Sequence[Source]" = ()
    ):
        """`sources` say where the drawings are from, and under which terms."""
        self.things, self.drawings, self.rules, self.sources = things, drawings, rules, sources
        self.countable = [index for index, thing in enumerate(things) if not is_plural(thing.names[0])]

    def composer(self, size: int, device: "torch.device") -> "Composer":
        from .compose import Composer

        return Composer(self.drawings, size, device)

    @property
    def without_drawings(self) -> "World":
        """What processes that make scenes are given: small, and free of PyTorch."""
        return World(self.things, None, self.rules)

    def scene(self, chance: random.Random, is_held_out: bool = False) -> Scene:
        """A scene that is trained on, or with `is_held_out` one that never is."""
        while True:
            scene = self._any(chance)
            if scene.is_held_out == is_held_out:
                return self.placed(scene, chance)

    def placed(self, scene: Scene, chance: random.Random) -> Scene:
        """The scene with drawings and places chosen anew."""
        first = chance.choice(self.things[scene.first].drawings)
        second = None if scene.second is None else chance.choice(self.things[scene.second].drawings)
        return replace(scene, placed=layout.place(scene, (first, second), chance))

    def neighbour(self, scene: Scene, chance: random.Random) -> Scene:
        """A scene that is trained on and differs from another in one respect, as far as the rules have any."""
        while True:
            other = self._any(chance)
            changes = [{"background": other.background}, {"first": other.first}]
            if scene.relation is not None:
                changes += 2 * [{"relation": chance.choice(list(Relation))}, {"first": scene.second, "second": scene.first}]
            elif scene.count > 1:
                changes = [{"background": other.background}, *2 * [{"count": chance.randint(2, 4)}]]
            elif self.rules.sizes:
                changes.append({"size": chance.choice(list(Size))})
            changed = replace(scene, placed=(), **chance.choice(changes))
            if changed != scene.content and changed.first != changed.second and not changed.is_held_out:
                return self.placed(changed, chance)

    def caption(self, scene: Scene, chance: random.Random) -> str:
        second = None if scene.second is None else self.name(scene.second, chance)
        return caption(scene, self.name(scene.first, chance), second, chance)

    def name(self, thing: int, chance: random.Random) -> str:
        """Its usual name, every other time one of the others."""
        names = self.things[thing].names
        return chance.choice(names[1:]) if len(names) > 1 and chance.random() < 0.5 else names[0]

    def words(self) -> list[str]:
        """All words that captions use, sorted. Hyphens and apostrophes are part of a word."""
        rules = self.rules
        texts = [*TEMPLATES, *COLOURS, "a an background", *(name for thing in self.things for name in thing.names)]
        if rules.counts:
            texts += [*NUMBERS.values(), *(plural(name) for index in self.countable for name in self.things[index].names)]
        if rules.pairs:
            texts += [form for forms in RELATIONS.values() for form in forms]
        if rules.sizes:
            texts += [word for words in SIZES.values() for word in words]
        if rules.patterns:
            texts += [*Pattern, "and with dots"]
        text = re.sub(r"\{\w+\}", " ", " ".join(texts)).lower()
        return sorted(set(re.findall(r"(?:[^\W_]|['-])+", text)))

    def _any(self, chance: random.Random) -> Scene:
        rules, draw = self.rules, chance.random()
        background = self._background(chance)
        if draw < rules.pairs:
            first, second = chance.sample(range(len(self.things)), 2)
            return Scene(first, background, second=second, relation=chance.choice(list(Relation)))
        if draw < rules.pairs + rules.counts and self.countable:
            return Scene(chance.choice(self.countable), background, count=chance.randint(2, 4))
        is_sized = chance.random() < rules.sizes
        size = chance.choice([Size.SMALL, Size.LARGE]) if is_sized else Size.ANY
        return Scene(chance.randrange(len(self.things)), background, size=size)

    def _background(self, chance: random.Random) -> Background:
        if chance.random() >= self.rules.patterns:
            return Background(Pattern.PLAIN, (chance.randrange(len(COLOURS)),))
        pattern = chance.choice([Pattern.STRIPED, Pattern.CHECKED, Pattern.DOTTED])
        return Background(pattern, tuple(chance.sample(range(len(COLOURS)), 2)))
