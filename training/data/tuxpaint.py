"""Tux Paint's stamps, with the first sentence of each one's caption."""

import io
import subprocess
from pathlib import Path

from PIL import Image

from .naming import cleaned
from .pack import SIDE, Drawing, fitted

STAMPS = Path("usr/share/tuxpaint/stamps")
RENDERER = Path("usr/bin/rsvg-convert")
# Letters, coins, signs: what shows writing, or a thing in a frame of its own.
SKIPPED = ("symbols/alphabets", "symbols/money", "symbols/math", "town/roadsigns", "town/flags", "symbols/music")


def drawings(root: Path) -> list[Drawing]:
    """All stamps with a name that a caption can use."""
    if subprocess.run([root / RENDERER, "--version"], capture_output=True).returncode != 0:
        raise SystemExit("Cannot run rsvg-convert, which draws stamps in SVG: install the Debian package librsvg2-2.")
    found = []
    for caption in sorted((root / STAMPS).rglob("*.txt")):
        file = caption.relative_to(root / STAMPS)
        if str(file).startswith(SKIPPED):
            continue
        lines = caption.read_text(encoding="utf-8", errors="replace").splitlines()
        name = cleaned(lines[0]) if lines else None
        picture = _picture(caption, root) if name else None
        square = fitted(picture) if picture else None
        if square is not None:
            found.append(Drawing(name, "tuxpaint", str(file.with_suffix("")), str(file.parent), [], square))
    return found


def _picture(caption: Path, root: Path) -> Image.Image | None:
    """The stamp beside a caption; a drawing in SVG is rendered."""
    if (path := caption.with_suffix(".png")).exists():
        return Image.open(path)
    if (path := caption.with_suffix(".svg")).exists():
        result = subprocess.run(
            [root / RENDERER, "--keep-aspect-ratio", "--width", str(4 * SIDE), "--height", str(4 * SIDE), path],
            capture_output=True)
        return Image.open(io.BytesIO(result.stdout)) if result.returncode == 0 else None
    return None
