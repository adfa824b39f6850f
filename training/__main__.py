"""One command from nothing to a model folder. See README.md."""

import argparse
import math
import re
import sys
import time
from pathlib import Path

import torch

from .loop import Budget, Paused
from .making import PARTS, Making
from .presets import PRESETS
from .world import few_things, packed

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
        "--batch-limit", type=int, metavar="N", help="no batch larger than this, to try a preset on a small machine")
    parser.add_argument("--prompts", type=Path, default=Path("examples/prompts.txt"), help="what the sheet shows")
    options = parser.parse_args()
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
    world = packed(options.data, preset.rules) if preset.needs_pack else few_things(preset.rules)
    making = Making(preset, world, options.work / preset.name, options.start)
    whole = sum(preset.shares[name] for name in options.parts)
    budgets = {
        name: Budget(options.budget * preset.shares[name] / whole, options.steps, begun + options.session)
        for name in options.parts
    }
    try:
        making.train(budgets)
    except Paused as pause:
        print(pause, flush=True)
        return PAUSED
    making.save(options.out)
    prompts = [line.strip() for line in options.prompts.read_text().splitlines()]
    sheet = making.draw(options.out, [line for line in prompts if line and not line.startswith("#")])
    print(f"Saved {options.out}; look at {sheet} and the loss curves beside it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
