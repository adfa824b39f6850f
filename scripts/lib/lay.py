"""Lays pictures out on a sheet, each over its label: lay.py OUT COLUMNS LABEL=FILE...; or lay.py --mask OUT."""

import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 112
GAP = 8
LINES = 2


def sheet(entries: list[tuple[str, Path]], columns: int) -> Image.Image:
    rows = -(-len(entries) // columns)
    height = SIDE + GAP + 12 * LINES
    picture = Image.new("RGB", (columns * (SIDE + GAP) + GAP, rows * height + GAP), "white")
    pen = ImageDraw.Draw(picture)
    for index, (label, path) in enumerate(entries):
        x, y = GAP + index % columns * (SIDE + GAP), GAP + index // columns * height
        picture.paste(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        for line, text in enumerate(textwrap.wrap(label, 19)[:LINES]):
            pen.text((x, y + SIDE + 2 + 11 * line), text, fill="black")
    return picture


def mask() -> Image.Image:
    """White where the middle is to be made anew."""
    picture = Image.new("L", (128, 128), 0)
    picture.paste(255, (12, 12, 116, 116))
    return picture


def main() -> None:
    if sys.argv[1] == "--mask":
        mask().save(sys.argv[2])
        return
    out, columns, *entries = sys.argv[1:]
    pairs = [entry.rsplit("=", 1) for entry in entries]
    sheet([(label, Path(path)) for label, path in pairs], int(columns)).quantize(256, dither=Image.Dither.NONE).save(
        out, optimize=True)


if __name__ == "__main__":
    main()
