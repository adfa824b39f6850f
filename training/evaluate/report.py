"""The figures as JSON, and as a table in a model card between two markers."""

import json
import subprocess
from datetime import date
from pathlib import Path

from .. import card
from .cluster import ROOT


def marker(name: str, end: bool = False) -> str:
    return card.marker(name, "training.evaluate", end)


def commit() -> str:
    """The checkout's commit, with a remark where files differ from it."""
    result = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        return "no git checkout"
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "training", "Sources"], cwd=ROOT, capture_output=True, text=True)
    return result.stdout.strip() + (" with changes" if changed.stdout.strip() else "")


def stamp() -> dict[str, str]:
    return {"date": date.today().isoformat(), "commit": commit()}


def shown(value: float | None) -> str:
    return "not in its world" if value is None else f"{value:.1f} %"


def put(path: Path, name: str, text: str) -> None:
    card.put(path, name, text, "training.evaluate")


def write(path: Path, facts: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts, indent=2) + "\n")


def table(facts: dict) -> str:
    """Markdown of what `evaluation.evaluate` found."""
    model, real, bars = facts["rendered"], facts["real"], facts["bars"]
    rows = ["| | rendered | bar | the recogniser itself, on composed held-out scenes |", "|---|---|---|---|"]
    for key in ("object", "background", "relation", "count"):
        bar = f"{bars[key]} %" if key in bars and model[key] is not None else ""
        rows.append(f"| right {key} | {shown(model[key])} | {bar} | {shown(real[key])} |")
    spread, near = facts["diversity"], facts["nearest"]
    rows += [
        "", "| | |", "|---|---|",
        f"| prompts | {facts['prompts']} of {facts['combinations']} combinations that were never trained on |",
        f"| diversity of {spread['seeds']} seeds a prompt, {spread['prompts']} prompts | {spread['pixels']:.3f} in pixels "
        f"(root mean square difference of two, whole range 1, at 64x64); {spread['features']:.3f} in the recogniser's "
        f"features (1 less cosine). Composed scenes with their things moved about: {spread['composed_pixels']:.3f} and "
        f"{spread['composed_features']:.3f} |",
        f"| nearest of {near['among']} training pictures | {near['distance']:.3f} away in pixels, median of "
        f"{near['pictures']}; the picture that was asked for, never trained on, {near['truth_distance']:.3f}; "
        f"{near['nearer_to_truth']:.0f} % are nearer to what was asked for |",
        f"| settings | {', '.join(f'{key} {value}' for key, value in facts['parameters'].items())} |",
        f"| time | {facts['seconds_a_picture']:.2f} s a picture of worker time, on a machine with other work |",
        f"| model digest | `{facts['digest'][:16]}` |",
        f"| date, commit | {facts['date']}, {facts['commit']} |",
    ]
    return "\n".join(rows)
