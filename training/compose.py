"""Draws scenes: drawings from an atlas over backgrounds, a batch at a time, on whatever device trains.

Everything is drawn at the largest size and shrunk by averaging, so that the pictures of one scene at several
sizes are one picture.
"""

import numpy
import torch
import torch.nn.functional as F

from .arrays import PATTERNS, Arrays
from .scenes import COLOURS, Pattern, Scene

# Halvings of a drawing that the atlas holds, largest first: sampling from far too large a picture would flicker.
LEVELS = 4


class Atlas:
    """All drawings, each beside its halvings: [n, 4, side, 1.5 side] of 8 bits, colours times coverage."""

    def __init__(self, drawings: torch.Tensor):
        count, _, side, _ = drawings.shape
        self.side = side
        self.texture = torch.zeros(count, 4, side, side * 3 // 2, dtype=torch.uint8)
        self.texture[..., :side] = drawings
        level, row = drawings.float(), 0
        for _ in range(1, LEVELS):
            level = F.avg_pool2d(level, 2)
            size = level.shape[-1]
            self.texture[..., row : row + size, side : side + size] = level.round().byte()
            row += size

    def to(self, device: torch.device) -> "Atlas":
        self.texture = self.texture.to(device)
        return self

    def sample(self, drawings: torch.Tensor, x: torch.Tensor, y: torch.Tensor, side: torch.Tensor, size: int) -> torch.Tensor:
        """[n, 4, size, size] in 0 ... 1: each drawing around its centre, transparent elsewhere."""
        device = self.texture.device
        # The level whose pixels are at most half as large as the picture's.
        shrink = (self.side / (side * size)).log2().floor().clamp(0, LEVELS - 1)
        extent = self.side / 2**shrink
        column = torch.where(shrink == 0, 0.0, float(self.side))
        row = torch.where(shrink == 0, 0.0, self.side - 2 * extent)
        line = (torch.arange(size, device=device) + 0.5) / size
        u = (line[None, :] - x[:, None]) / side[:, None] + 0.5
        v = (line[None, :] - y[:, None]) / side[:, None] + 0.5
        width, height = self.texture.shape[-1], self.texture.shape[-2]
        # Just outside the drawing everything is transparent; the margin keeps the next level from bleeding in.
        grid_x = torch.where((u >= 0) & (u <= 1), (column[:, None] + u * extent[:, None]) * 2 / width - 1, 3.0)
        grid_y = torch.where((v >= 0) & (v <= 1), (row[:, None] + v * extent[:, None]) * 2 / height - 1, 3.0)
        grid = torch.stack(torch.broadcast_tensors(grid_x[:, None, :], grid_y[:, :, None]), -1)
        return F.grid_sample(self.texture[drawings].float() / 255, grid, align_corners=False)


class Composer:
    """Pictures of scenes in -1 ... 1."""

    def __init__(self, drawings: torch.Tensor, size: int, device: torch.device):
        self.atlas, self.size, self.device = Atlas(drawings).to(device), size, device
        self.colours = torch.tensor(list(COLOURS.values()), dtype=torch.float32, device=device) / 255

    def of(self, scenes: list[Scene], phases: torch.Tensor | None = None) -> torch.Tensor:
        """The pictures of scenes; `phases`, [n, 3], shift and scale patterns, and are drawn at random if not given."""
        phases = torch.rand(len(scenes), 3) if phases is None else phases
        return self.pictures(Arrays.of(scenes, phases.numpy()))

    def pictures(self, arrays: Arrays) -> torch.Tensor:
        """[n, 3, size, size]."""
        picture = self.backgrounds(arrays)
        for slot in range(arrays.things.max()):
            # Which rows have so many things is known here: asking the device would wait for it.
            rows = numpy.flatnonzero(arrays.things > slot)
            layer = self.atlas.sample(
                self.sent(arrays.drawings[rows, slot]), *self.sent(arrays.places[rows, slot]).T, self.size)
            rows = self.sent(rows)
            picture[rows] = layer[:, :3] + (1 - layer[:, 3:]) * picture[rows]
        return picture * 2 - 1

    def backgrounds(self, arrays: Arrays) -> torch.Tensor:
        """[n, 3, size, size] in 0 ... 1."""
        first, second = self.colours[self.sent(arrays.colours)].unbind(1)
        picture = first[:, :, None, None].repeat(1, 1, self.size, self.size)
        rows = numpy.flatnonzero(arrays.patterns != PATTERNS.index(Pattern.PLAIN))
        if len(rows):
            kinds, phases = self.sent(arrays.patterns[rows]), self.sent(arrays.phases[rows])
            rows = self.sent(rows)
            share = self.patterns(kinds, phases)[:, None]
            picture[rows] = first[rows][:, :, None, None] * (1 - share) + second[rows][:, :, None, None] * share
        return picture

    def sent(self, values: numpy.ndarray) -> torch.Tensor:
        """On the device, without waiting for it."""
        tensor = torch.from_numpy(numpy.ascontiguousarray(values))
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor

    def patterns(self, kinds: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
        """How much of the second colour shows, [n, size, size], with edges one pixel soft."""
        repeats = 3 + 3 * phase[:, 2].round(decimals=1)
        line = torch.arange(self.size, device=self.device) / self.size
        x = line[None, None, :] * repeats[:, None, None] + phase[:, 0, None, None]
        y = line[None, :, None] * repeats[:, None, None] + phase[:, 1, None, None]
        sharpness = (self.size / repeats)[:, None, None]

        def half(values: torch.Tensor) -> torch.Tensor:
            """1 in one half of each period, 0 in the other."""
            distance = 0.25 - (values.remainder(1) - 0.5).abs()
            return (distance * sharpness + 0.5).clamp(0, 1)

        is_upright = (phase[:, 0] < 0.5)[:, None, None]
        striped = half(torch.where(is_upright, x + 0 * y, y + 0 * x))
        a, b = half(x), half(y)
        checked = a * (1 - b) + b * (1 - a)
        distance = ((x.remainder(1) - 0.5) ** 2 + (y.remainder(1) - 0.5) ** 2).sqrt()
        dotted = ((0.28 - distance) * sharpness + 0.5).clamp(0, 1)
        kinds = kinds[:, None, None]
        return torch.where(kinds == 1, striped, torch.where(kinds == 2, checked, dotted))


def shrunk(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """A smaller size of the same pictures, by averaging."""
    return pictures if pictures.shape[-1] == size else F.avg_pool2d(pictures, pictures.shape[-1] // size)
