"""Pictures to be looked at: drawn from a seed, of any size."""
import numpy as np
from PIL import Image


def scene(width, height, seed):
    """Waves, an edge and some noise: smooth parts, sharp parts, and values at both ends."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [128 + 120 * np.sin(seed + c + 6 * x * (c + 1) + 5 * y) for c in range(3)]
    picture = np.stack(planes, -1) + rng.normal(0, 12, (height, width, 3))
    picture[height // 4 : height // 2, width // 3 :] += 90
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
