"""Loss curves as small pictures, with Pillow alone."""

import math
from pathlib import Path

from PIL import Image, ImageDraw


def draw_curve(values: list[float], path: Path, title: str, width: int = 640, height: int = 320) -> None:
    """Draws values over steps, averaged a little, on a logarithmic scale."""
    if len(values) < 2:
        return
    window = max(1, len(values) // 200)
    means = [sum(values[i : i + window]) / len(values[i : i + window]) for i in range(0, len(values), window)]
    logs = [math.log10(max(value, 1e-8)) for value in means]
    low, high = min(logs), max(max(logs), min(logs) + 1e-6)
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = 70, 30, width - 20, height - 30
    points = [
        (left + (right - left) * i / max(1, len(logs) - 1), bottom - (bottom - top) * (value - low) / (high - low))
        for i, value in enumerate(logs)
    ]
    draw.rectangle((left, top, right, bottom), outline="#bbb")
    draw.line(points, fill="#226", width=2)
    draw.text((left, 8), f"{title}, {len(values)} steps", fill="black")
    draw.text((8, top), f"{10 ** high:.3g}", fill="black")
    draw.text((8, bottom - 10), f"{10 ** low:.3g}", fill="black")
    picture.save(path)
