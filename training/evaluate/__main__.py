"""Evaluates a model folder with the cluster's binary. See training/README.md."""

import argparse
import math
import shutil
import sys
from pathlib import Path

import torch

from ..loop import Budget
from ..presets import PRESETS
from ..worlds import for_preset
from . import evaluation, recogniser, report, sweep
from .cluster import Cluster, binary


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m training.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/starter"), help="the folder to evaluate")
    parser.add_argument("--preset", choices=PRESETS, default="mini", help="the model's, which says what its world is")
    parser.add_argument("--data", type=Path, default=Path("training/.data"), help="the pack, for presets that need one")
    parser.add_argument("--prompts", type=int, default=500, help="how many held-out prompts (default: %(default)s)")
    parser.add_argument("--seeded", type=int, default=16, help="prompts whose diversity is measured (default: %(default)s)")
    parser.add_argument("--atelier", type=Path, help="the engine's binary; default: $ATELIER, .build/release/atelier, PATH")
    parser.add_argument("--work", type=Path, default=Path("training/.work/evaluation"), help="recogniser, pictures, JSON")
    parser.add_argument("--minutes", type=float, default=8, help="the recogniser's training (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="the recogniser's training in steps, whatever time they take")
    parser.add_argument("--threads", type=int, help="processor threads of this program")
    parser.add_argument("--card", type=Path, help="a model card to write the table into, between its markers, and the sheet of nearest pictures beside it")
    parser.add_argument(
        "--sweep", nargs="+", metavar="SETTING",
        help="compare settings instead: sampler, steps of prior, decoder, upsampler, guidance of prior and decoder, "
        "such as ddpm,25,25,7,2,2 dpm-solver,10,10,4,2,2")
    parser.add_argument("--only-recogniser", action="store_true", help="train it, say how good it is, and stop")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    preset = PRESETS[options.preset]
    settings = [sweep.Setting.parse(text) for text in options.sweep or ()]
    command = binary(options.atelier)
    if command is None and not options.only_recogniser:
        raise SystemExit(
            "Cannot render: there is no atelier. Build it (scripts/quickstart), or name it with --atelier or $ATELIER.")
    world = for_preset(preset, options.data)
    work = options.work / preset.name
    seer = recogniser.trained(world, preset, work, Budget(60 * options.minutes, options.steps, math.inf))
    if options.only_recogniser:
        print(evaluation.on_real(seer, world, preset))
        return 0
    with Cluster(command, options.model) as cluster:
        cluster.up()
        if settings:
            rows = sweep.compare(settings, cluster, seer, world, preset, work, options.prompts)
            dated = report.stamp()
            report.write(work / "sweep.json", {**dated, "settings": rows})
            name, text = "settings", sweep.table(rows, dated)
        else:
            facts = evaluation.evaluate(cluster, seer, world, preset, work, options.prompts, options.seeded)
            report.write(work / "evaluation.json", facts)
            name, text = "figures", report.table(facts)
    print(text)
    if options.card:
        report.put(options.card, name, text)
        if not settings:
            sheets = options.card.parent / "sheets"
            sheets.mkdir(exist_ok=True)
            shutil.copy(work / "nearest.png", sheets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
