"""Records what torch.randn draws on a CPU, for TorchGeneratorTests: `python make_fixtures.py` (needs torch).

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


def main():
    rng = random.Random(0)
    cases = []
    runs = [[list(shape)] for shape in SHAPES] + [[[n] for n in sizes] for sizes in SEQUENCES]
    for index, shapes in enumerate(runs):
        seed = SEEDS[index % len(SEEDS)]
        generator = torch.Generator().manual_seed(seed)
        calls = []
        # Two further draws show the state that the others leave behind.
        for shape in [*shapes, [16], [3]]:
            values = torch.randn(shape, generator=generator).flatten()
            count = len(values)
            places = list(range(count)) if count <= 34 else sorted({*range(8), *range(count - 18, count), *(rng.randrange(count) for _ in range(20))})
            calls.append({"count": count, "places": places, "bits": [v & 0xFFFFFFFF for v in values[places].view(torch.int32).tolist()]})
        cases.append({"seed": str(seed), "calls": calls})
    Path(__file__).with_name("normals.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
