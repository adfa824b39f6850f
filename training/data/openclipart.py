"""The Open Clip Art Library: pictures from `openclipart-png`, titles and keywords from `openclipart-svg`."""

import html
import re
from pathlib import Path

import numpy
from PIL import Image

from .naming import cleaned
from .pack import Drawing, fitted

DRAWINGS, TITLES = Path("usr/share/openclipart/png"), Path("usr/share/openclipart/svg")
# Series of shapes, signs and icons, which say little of what they show; drawings that nobody filed.
SKIPPED = (
    "shapes", "signs_and_symbols", "buttons", "computer/icons", "special", "logos", "geography", "unsorted",
    "decorations", "recreation/games", "transportation/aiga-symbols", "transportation/boating", "people/stickmen",
)
PUBLIC_DOMAIN = re.compile(r'license rdf:resource="http://(?:web\.resource\.org/cc/PublicDomain|creativecommons\.org/licenses/publicdomain)')


def drawings(root: Path) -> list[Drawing]:
    """All in the public domain with a name that a caption can use, in colour, and with nothing behind them."""
    found = []
    for path in sorted((root / TITLES).rglob("*.svg")):
        file = path.relative_to(root / TITLES)
        picture = (root / DRAWINGS / file).with_suffix(".png")
        if str(file).startswith(SKIPPED) or not picture.exists():
            continue
        # Authors put the description first; a whole file may have megabytes.
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read(30_000)
        name = _name(file, text)
        if name is None or not PUBLIC_DOMAIN.search(text):
            continue
        try:
            square = fitted(Image.open(picture))
        except Image.DecompressionBombError:
            continue  # A few were exported at many thousand pixels a side.
        if square is not None and _is_colourful(square) and not _is_full(square):
            keywords = [html.unescape(word) for word in re.findall(r"<rdf:li[^>]*>([^<]+)</rdf:li>", text)]
            found.append(
                Drawing(name, "openclipart", str(file.with_suffix("")), str(file.parent), sorted(set(keywords)), square))
    return found


def _name(file: Path, text: str) -> str | None:
    """The title if it names the thing; titles of series ("Clipart by ...") are shared by many files."""
    match = re.search(r"<dc:title[^>]*>([^<]+)</dc:title>", text)
    title = html.unescape(match[1]) if match else ""
    if re.search(r"clip ?art|collection|theme|symbols?\b|icons?\b| by ", title, re.IGNORECASE):
        title = ""
    return cleaned(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title)) or cleaned(re.sub(r"_.*", "", file.stem))


def _is_colourful(square: Image.Image) -> bool:
    """Not a drawing in lines alone: something of it has a colour, and it covers a fair part of its square."""
    values = numpy.asarray(square, dtype=numpy.float32) / 255
    cover = values[..., 3]
    spread = values[..., :3].max(-1) - values[..., :3].min(-1)
    return cover.mean() > 0.15 and float((spread * cover).sum() / cover.sum()) > 0.1


def _is_full(square: Image.Image) -> bool:
    """Whether it fills its frame, background and all."""
    box = square.getchannel("A").getbbox()
    inside = numpy.asarray(square.getchannel("A").crop(box), dtype=numpy.float32) / 255
    return float(inside.mean()) > 0.93 and float(inside[:3, :3].mean()) > 0.5
