"""Examples as arrays: what a batch shows and says, without its pixels, small enough to cross from process to process.

A thousand examples are a few hundred kilobytes; their pictures are composed from them on the device that trains.
"""

import random
from dataclasses import dataclass

import numpy

from .scenes import SLOTS, Pattern, Scene
from .words import Words
from .world import World

PATTERNS = list(Pattern)


@dataclass(frozen=True)
class Arrays:
    """Of n scenes. Things beyond a scene's own number are zero."""

    things: numpy.ndarray  # [n]: how many stand in the picture
    drawings: numpy.ndarray  # [n, SLOTS]
    places: numpy.ndarray  # [n, SLOTS, 3]: centre and longest side in shares of the picture's
    patterns: numpy.ndarray  # [n]: index into Pattern
    colours: numpy.ndarray  # [n, 2]
    phases: numpy.ndarray  # [n, 3]: where a pattern begins and how fine it is

    def __len__(self) -> int:
        return len(self.things)

    @classmethod
    def of(cls, scenes: list[Scene], phases: numpy.ndarray) -> "Arrays":
        count = len(scenes)
        drawings = numpy.zeros((count, SLOTS), numpy.int64)
        places = numpy.zeros((count, SLOTS, 3), numpy.float32)
        for row, scene in enumerate(scenes):
            for slot, thing in enumerate(scene.placed):
                drawings[row, slot] = thing.drawing
                places[row, slot] = thing.x, thing.y, thing.side
        return cls(
            numpy.array([len(scene.placed) for scene in scenes]), drawings, places,
            numpy.array([PATTERNS.index(scene.background.pattern) for scene in scenes]),
            numpy.array([(scene.background.colours[0], scene.background.colours[-1]) for scene in scenes]),
            phases.astype(numpy.float32))


@dataclass(frozen=True)
class Examples:
    """Scenes, and their captions as tokens."""

    arrays: Arrays
    tokens: numpy.ndarray  # [n, length of a row]
    lengths: numpy.ndarray  # [n]: of the real tokens

    @classmethod
    def of(cls, scenes: list[Scene], world: World, words: Words, chance: random.Random) -> "Examples":
        phases = numpy.array([[chance.random() for _ in range(3)] for _ in scenes])
        rows, lengths = zip(*(words.row(world.caption(scene, chance)) for scene in scenes))
        return cls(Arrays.of(scenes, phases), numpy.array(rows), numpy.array(lengths))
