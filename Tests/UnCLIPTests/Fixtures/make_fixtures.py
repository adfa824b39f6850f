#!/usr/bin/env python3
"""Writes tiny unCLIP models with random weights, and what the reference computes with them.

    python make_fixtures.py [--out DIR] [NAME ...]     the committed fixtures (all, or those named)
    python make_fixtures.py --random N --out DIR       N more, of random configurations

Needs torch, diffusers, transformers and Pillow in the versions of requirements.txt. A model is a folder as
diffusers writes it, with two additions: `expected/model.safetensors` (inputs and outputs of every part, and whole
pictures) and `expected/cases.json` (the requests). The reference runs in f32 on weights that were rounded to the type
they are stored in.
"""
import argparse
import logging
import pathlib
import random
import shutil

import diffusers.utils.logging
import torch
import transformers.utils.logging

from reference import keys, preprocessing, schedules
from reference.configurations import committed
from reference.expectations import expect
from reference.folders import build
from reference.random_configurations import random_spec

HERE = pathlib.Path(__file__).parent


def write(folder, spec, seed):
    """Tries seeds until the model is of use; whether there was one."""
    for attempt in range(seed, seed + 1000, 100):
        build(folder, spec, attempt)
        if expect(folder, spec["cases"], attempt):
            return True
    shutil.rmtree(folder)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which of the committed fixtures to write")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "models")
    parser.add_argument("--random", type=int, default=0, help="how many random configurations to write instead")
    parser.add_argument("--seed", type=int, default=0, help="of the random configurations")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    if arguments.random:
        number = written = 0
        while written < arguments.random:
            spec = random_spec(random.Random(1000 * arguments.seed + number))
            written += write(arguments.out / f"random-{arguments.seed}-{number}", spec, number)
            number += 1
        return
    names = arguments.names or list(committed())
    for name in names:
        assert write(arguments.out / name, *committed()[name]), name
    if not arguments.names:
        schedules.write(arguments.out.parent / "scheduler")
        preprocessing.write(arguments.out.parent / "preprocessing", HERE.parents[1] / "ImagingTests/Fixtures/decode")
        keys.write(arguments.out.parent / "keys.json", arguments.out)


if __name__ == "__main__":
    main()
