"""Pictures of the world: bitmaps of Noto Color Emoji, placed with a little chance, over plain backgrounds.

Shrinking and laying over a background commute, so things are stored once at each size with their
coverage, and a batch of any backgrounds is composed when it is needed.
"""

import io
import random
from pathlib import Path

import numpy
import torch
from fontTools.ttLib import TTFont
from PIL import Image

from .presets import Preset
from .world import COLOURS, THINGS, thing_names

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")


def glyphs() -> list[Image.Image]:
    """The bitmap of each thing, 136x128 with transparency."""
    if not FONT.exists():
        raise SystemExit(f"Cannot read {FONT}: install the Debian package fonts-noto-color-emoji.")
    font = TTFont(FONT, lazy=True)
    characters, strike = font.getBestCmap(), font["CBDT"].strikeData[0]
    return [Image.open(io.BytesIO(strike[characters[ord(thing)]].imageData)).convert("RGBA") for thing in THINGS]


def place(glyph: Image.Image, size: int, chance: random.Random) -> torch.Tensor:
    """A thing somewhere near the middle of a picture: [4, size, size], colours multiplied by coverage."""
    factor = chance.uniform(0.62, 0.8) * size / 128
    width, height = int(glyph.width * factor), int(glyph.height * factor)
    reach = size * 7 // 128
    picture = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    offset = [chance.randint(-reach, reach) for _ in range(2)]
    picture.paste(
        glyph.resize((width, height), Image.Resampling.LANCZOS),
        ((size - width) // 2 + offset[0], (size - height) // 2 + offset[1]),
    )
    values = numpy.asarray(picture).astype(numpy.float32) / 255
    values[..., :3] *= values[..., 3:]
    return torch.tensor(values).permute(2, 0, 1)


class Pictures:
    """All things in all variants, at the sizes that the parts train on."""

    def __init__(self, layers: dict[int, torch.Tensor], names: list[str]):
        # size -> [things, variants, 4, size, size] in half precision
        self.layers = layers
        self.names = names

    @property
    def variants(self) -> int:
        return next(iter(self.layers.values())).shape[1]

    @classmethod
    def make(cls, preset: Preset) -> "Pictures":
        chance = random.Random(0)
        full = torch.stack(
            [torch.stack([place(glyph, preset.full_size, chance) for _ in range(preset.variants)]) for glyph in glyphs()]
        )
        layers = {}
        for size in {preset.base_size, preset.vision_size, preset.full_size}:
            small = torch.nn.functional.avg_pool2d(full.flatten(0, 1), preset.full_size // size)
            layers[size] = small.view(*full.shape[:3], size, size).half()
        return cls(layers, thing_names())

    def compose(self, size: int, things: torch.Tensor, variants: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
        """Pictures of shape [n, 3, size, size] in -1 ... 1."""
        table = torch.tensor(list(COLOURS.values()), dtype=torch.float32) / 255
        layer = self.layers[size][things, variants].float()
        background = table[colours][:, :, None, None]
        return (layer[:, :3] + (1 - layer[:, 3:]) * background) * 2 - 1
