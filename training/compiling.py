"""When networks are compiled.

On a GPU compiling takes minutes, as long as much of a short training, but a second process that compiles the same
finds the kernels of the first. So one process compiles ahead, in a training of two steps, while another trains
without; as soon as a part's kernels are there, that one compiles too, within seconds.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Compiling:
    """`ready` is the folder in which parts whose kernels are there are noted; without it nothing is compiled."""

    ready: Path | None = None
    is_ahead: bool = False  # whether this process makes the kernels

    def is_due(self, part: str) -> bool:
        return self.ready is not None and (self.is_ahead or self._note(part).exists())

    def finished(self, part: str) -> None:
        if self.ready is not None and self.is_ahead:
            self.ready.mkdir(parents=True, exist_ok=True)
            self._note(part).touch()

    def _note(self, part: str) -> Path:
        return self.ready / f"{part}.compiled"
