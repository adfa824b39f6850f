"""Batches of examples, made by processes of their own: one Python process cannot make them as fast as a GPU learns.

Each batch has a generator of its own, seeded with its number. So what is fed depends neither on how many processes
make it nor on where a training was stopped.
"""

import multiprocessing
import queue
import random
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from .arrays import Examples
from .scenes import Scene
from .words import Words
from .world import World

# Batches that wait for their turn, of each process.
WAITING = 4
# Seconds after which a process that gives nothing is looked at.
PATIENCE = 5.0


@dataclass(frozen=True)
class Recipe:
    """What batches are made of."""

    world: World
    words: Words
    count: int
    seed: int
    # Whether all scenes of a batch say something else, and half of them differ from another in one respect only: for
    # CLIP, where two that say the same would both be right answers, and near misses ask more of the encoders.
    is_contrasting: bool = False

    def batch(self, number: int) -> Examples:
        chance = random.Random(f"{self.seed}/{number}")
        if self.is_contrasting:
            scenes = contrasting(self.world, self.count, chance)
        else:
            scenes = [self.world.scene(chance) for _ in range(self.count)]
        return Examples.of(scenes, self.world, self.words, chance)


def contrasting(world: World, count: int, chance: random.Random) -> list[Scene]:
    scenes: dict[Scene, Scene] = {}
    while len(scenes) < count:
        scene = world.scene(chance)
        scenes.setdefault(scene.content, scene)
        if len(scenes) < count:
            other = world.neighbour(scene, chance)
            scenes.setdefault(other.content, other)
    return list(scenes.values())


class Feed:
    """A recipe's batches from number `first` on, for as long as the `with` lasts."""

    def __init__(self, recipe: Recipe, first: int, processes: int):
        self.recipe, self.first, self.count = recipe, first, processes
        self.processes: list[multiprocessing.Process] = []

    def __enter__(self) -> Iterator[Examples]:
        if not self.count:
            return self._made_here()
        # Not forked: a process with a GPU and threads must not be.
        context = multiprocessing.get_context("spawn")
        self.queues = [context.Queue(WAITING) for _ in range(self.count)]
        self.processes = [
            context.Process(target=_make, args=(self.recipe, self.first + index, self.count, waiting), daemon=True)
            for index, waiting in enumerate(self.queues)]
        for process in self.processes:
            process.start()
        return self._made_elsewhere()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()

    def _made_here(self) -> Iterator[Examples]:
        number = self.first
        while True:
            yield self.recipe.batch(number)
            number += 1

    def _made_elsewhere(self) -> Iterator[Examples]:
        while True:
            for process, waiting in zip(self.processes, self.queues):
                yield self._taken(process, waiting)

    def _taken(self, process: multiprocessing.Process, waiting: multiprocessing.Queue) -> Examples:
        while True:
            try:
                return waiting.get(timeout=PATIENCE)
            except queue.Empty:
                if not process.is_alive():
                    raise RuntimeError(
                        f"A process that makes batches ended with status {process.exitcode}; its message is above."
                    ) from None


def _make(recipe: Recipe, first: int, stride: int, waiting: multiprocessing.Queue) -> None:
    number = first
    while True:
        waiting.put(recipe.batch(number))
        number += stride
