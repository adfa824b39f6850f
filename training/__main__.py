"""One command from nothing to a model folder. See README.md."""

import argparse
import math
import re
import sys
import time
from pathlib import Path

import torch

from . import pieces
from .compiling import Compiling
from .loop import Budget, Paused
from .making import PARTS, Making
from .presets import PRESETS
from .worlds import for_preset

# Enough to feed one GPU.
GPU_PROCESSES = 8
# The exit status of a session that ended before the training did.
PAUSED = 3


def seconds(text: str) -> float:
    """A time such as 90s, 120m or 3h."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no time such as 90s, 120m or 3h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def parts(text: str) -> tuple[str, ...]:
    """Names of parts, separated by commas."""
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no part '{min(unknown)}'; parts are {', '.join(PARTS)}")
    return chosen


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m training", description=__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="mini")
    parser.add_argument("--budget", type=seconds, default=seconds("2h"), help="time for all parts, such as 120m")
    parser.add_argument(
        "--session", type=seconds, default=math.inf,
        help=f"stop after this time with exit status {PAUSED}; the same command goes on where it was")
    parser.add_argument("--out", type=Path, default=Path("models/starter"), help="the folder to write")
    parser.add_argument("--work", type=Path, default=Path("training/.work"), help="checkpoints, curves and sheets")
    parser.add_argument(
        "--data", type=Path, default=Path("training/.data"),
        help="the pack of drawings, by python3 -m training.data, for presets that need one")
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="DIR",
        help="start from the weights of this model folder; parts that are not trained stay as they are there")
    parser.add_argument(
        "--parts", type=parts, metavar="NAMES",
        help="what to train, such as decoder,upsampler (which is the default with --from; otherwise all four are)")
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument("--steps", type=int, help="train each part for so many steps, whatever time they take")
    parser.add_argument(
        "--processes", type=int, help="processes that make examples (default: 8 for a GPU, none beside this one without)")
    parser.add_argument(
        "--kernels", type=Path, metavar="DIR",
        help="compile each part once DIR says that another process, started with --ahead, has compiled it")
    parser.add_argument(
        "--ahead", action="store_true", help="compile at once and note in DIR what is compiled, for another process")
    parser.add_argument(
        "--pieces", type=Path, metavar="DIR",
        help="write the model to DIR too, in pieces, also where the session ends first; see pieces.py")
    parser.add_argument(
        "--batch-limit", type=int, metavar="N", help="no batch larger than this, to try a preset on a small machine")
    parser.add_argument("--prompts", type=Path, default=Path("examples/prompts.txt"), help="what the sheet shows")
    parser.add_argument("--no-sheet", dest="sheet", action="store_false", help="draw no sheet of samples")
    options = parser.parse_args()
    if options.ahead and options.kernels is None:
        parser.error("--ahead needs --kernels: it must be noted somewhere what is compiled")
    if options.parts is None:
        options.parts = PARTS if options.start is None else ("decoder", "upsampler")
    if options.start is None and set(options.parts) != set(PARTS):
        parser.error("--parts needs --from: the other parts must come from somewhere")
    return options


def main() -> int:
    options = arguments()
    begun = time.monotonic()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    preset = PRESETS[options.preset]
    if options.batch_limit:
        preset = preset.limited(options.batch_limit)
    world = for_preset(preset, options.data)
    processes = options.processes
    if processes is None:
        processes = GPU_PROCESSES if torch.cuda.is_available() else 0
    making = Making(
        preset, world, options.work / preset.name, options.start, options.parts, processes,
        Compiling(options.kernels, options.ahead))
    whole = sum(preset.shares[name] for name in options.parts)
    budgets = {
        name: Budget(options.budget * preset.shares[name] / whole, options.steps, begun + options.session)
        for name in options.parts
    }
    status = 0
    try:
        making.train(budgets)
    except Paused as pause:
        print(pause, flush=True)
        status = PAUSED
        if options.pieces is None:
            return status
    making.save(options.out)
    if options.pieces is not None:
        pieces.split(options.out, options.pieces)
    if not options.sheet:
        print(f"Saved {options.out}.")
        return status
    prompts = [line.strip() for line in options.prompts.read_text().splitlines()]
    sheet = making.draw(options.out, [line for line in prompts if line and not line.startswith("#")])
    print(f"Saved {options.out}; look at {sheet} and the loss curves beside it.")
    return status


if __name__ == "__main__":
    sys.exit(main())
