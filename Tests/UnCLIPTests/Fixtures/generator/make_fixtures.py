"""Records what torch.randn and torch.rand draw on a CPU, for TorchGeneratorTests: `python make_fixtures.py` (needs
torch).

Each case is a seed and the sizes of successive calls; of each call the bit patterns of some values stand at their
places: all of a small sample, the ends and random places of a large one.
"""

import json
import random
from pathlib import Path

import torch

SHAPES = [(1,), (2,), (7,), (15,), (16,), (17,), (31,), (32,), (33,), (3, 5), (1, 768), (1, 3, 64, 64), (1, 3, 33, 35), (623,), (1249,), (2, 3, 256, 256)]
SEQUENCES = [[1, 16, 1], [3, 5, 7], [15, 17, 15, 17, 1], [1, 1, 1], [100, 3, 100, 4, 19], [768, 768, 12288, 7], [5, 623, 5, 625, 2], [16, 16, 16]]
SEEDS = [0, 1, 42, 2**31, 2**32 - 1, 2**32 + 42, 2**63 + 5, 2**64 - 1]


def recorded(values, rng):
    values = values.flatten()
    count = len(values)
    places = list(range(count)) if count <= 34 else sorted({*range(8), *range(count - 18, count), *(rng.randrange(count) for _ in range(20))})
    return {"count": count, "places": places, "bits": [v & 0xFFFFFFFF for v in values[places].view(torch.int32).tolist()]}


def write(name, cases):
    Path(__file__).with_name(name).write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")) + "\n")


def main():
    rng = random.Random(0)
    runs = [[list(shape)] for shape in SHAPES] + [[[n] for n in sizes] for sizes in SEQUENCES]
    runs = [(SEEDS[index % len(SEEDS)], shapes) for index, shapes in enumerate(runs)]
    # Seeds and sizes that nobody chose.
    runs += [(rng.getrandbits(64), [[rng.randrange(1, 17)], [rng.randrange(16, 4000)]]) for _ in range(12)]
    normals = []
    for seed, shapes in runs:
        generator = torch.Generator().manual_seed(seed)
        # Two further draws show the state that the others leave behind.
        calls = [recorded(torch.randn(shape, generator=generator), rng) for shape in [*shapes, [16], [3]]]
        normals.append({"seed": str(seed), "calls": calls})
    write("normals.json", normals)
    uniforms = []
    for number in range(20):
        seed = SEEDS[number] if number < len(SEEDS) else rng.getrandbits(64)
        generator = torch.Generator().manual_seed(seed)
        calls = [recorded(torch.rand(rng.choice([1, 3, 15, 16, 17, 623, 625, 1300]), generator=generator), rng) for _ in range(2)]
        uniforms.append({"seed": str(seed), "calls": calls})
    write("uniforms.json", uniforms)


if __name__ == "__main__":
    main()
