"""A pack: drawings with names, keywords and sources, in one folder of two files.

`drawings.json` lists them; `drawings.bin` holds their pictures one after the other, each a WebP of 128 pixels
with transparency.
"""

import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy
import torch
from PIL import Image

SIDE = 128
# Of a drawing's square, on each side: shrunk drawings must not bleed over it.
MARGIN = 2


@dataclass
class Drawing:
    """One picture of a thing, fitted into a square with transparent margins."""

    name: str
    source: str
    file: str  # where it is from, within its source
    group: str  # of its source's own order
    keywords: list[str] = field(default_factory=list)
    picture: Image.Image | None = None


@dataclass
class Source:
    """Where drawings are from, and under which terms."""

    name: str
    packages: str
    licence: str
    url: str


class Pack:
    def __init__(self, drawings: list[Drawing], sources: list[Source]):
        self.drawings, self.sources = drawings, sources

    def save(self, folder: Path, quality: int = 88) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        entries, offset = [], 0
        with open(folder / "drawings.bin", "wb") as file:
            for drawing in self.drawings:
                data = io.BytesIO()
                drawing.picture.save(data, "WEBP", quality=quality, method=4)
                file.write(data.getvalue())
                entry = {key: value for key, value in vars(drawing).items() if key != "picture"}
                entries.append(entry | {"offset": offset, "length": len(data.getvalue())})
                offset += len(data.getvalue())
        index = {"side": SIDE, "sources": [asdict(source) for source in self.sources], "drawings": entries}
        (folder / "drawings.json").write_text(json.dumps(index, ensure_ascii=False, indent=0) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Pack":
        path = folder / "drawings.json"
        if not path.exists():
            raise SystemExit(f"Cannot read {path}: build the pack first, by: python -m training.data --out {folder}")
        index, data = json.loads(path.read_text()), (folder / "drawings.bin").read_bytes()
        drawings = []
        for entry in index["drawings"]:
            offset, length = entry.pop("offset"), entry.pop("length")
            picture = Image.open(io.BytesIO(data[offset : offset + length])).convert("RGBA")
            drawings.append(Drawing(**entry, picture=picture))
        return cls(drawings, [Source(**source) for source in index["sources"]])


def fitted(picture: Image.Image) -> Image.Image | None:
    """A drawing cut to what is visible of it and fitted into the square; none if next to nothing is."""
    picture = picture.convert("RGBA")
    box = picture.getchannel("A").point(lambda value: 255 * (value > 24)).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 4:
        return None
    picture = picture.crop(box)
    scale = (SIDE - 2 * MARGIN) / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    square = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    square.paste(
        picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square


def premultiplied(pictures: list[Image.Image]) -> torch.Tensor:
    """[n, 4, side, side] of 8 bits, colours multiplied by coverage."""
    values = numpy.stack([numpy.asarray(picture) for picture in pictures]).astype(numpy.uint16)
    values[..., :3] = (values[..., :3] * values[..., 3:] + 127) // 255
    return torch.from_numpy(values.astype(numpy.uint8)).permute(0, 3, 1, 2).contiguous()
