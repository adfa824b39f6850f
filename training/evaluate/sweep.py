"""Guidance, steps and samplers compared on the same held-out prompts and seeds."""

import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from ..presets import Preset
from ..world import World
from .answers import rates, right
from .cluster import Cluster
from .evaluation import SEED
from .nearest import PLACES
from .pictures import moved, tensors
from .prompts import held_out
from .recogniser import Recogniser
from .report import shown


@dataclass(frozen=True)
class Setting:
    """Fields of a request."""

    sampler: str
    prior_steps: int
    decoder_steps: int
    super_res_steps: int
    prior_guidance: float
    decoder_guidance: float

    @classmethod
    def parse(cls, text: str) -> "Setting":
        """Of "dpm-solver,10,10,4,2,2": the fields in order."""
        fields = text.split(",")
        if len(fields) != 6:
            raise SystemExit(
                f"Cannot read the setting '{text}': six fields are needed, sampler, steps of prior, decoder and "
                "upsampler, guidance of prior and decoder, such as dpm-solver,10,10,4,2,2.")
        return cls(fields[0], *(int(field) for field in fields[1:4]), *(float(field) for field in fields[4:]))


def compare(
    settings: list[Setting], cluster: Cluster, recogniser: Recogniser, world: World, preset: Preset, out: Path,
    count: int,
) -> list[dict]:
    """For each setting: shares of right pictures, how sure the recogniser is of the object, the distance to the nearest
    of some true pictures with their things in other places, and seconds of worker time a picture."""
    prompts = held_out(world, count, seed=1)
    scenes = [prompt.scene for prompt in prompts]
    expected, truths = right(scenes, world), moved(scenes, world, preset, PLACES, seed=13)
    rows = []
    for number, setting in enumerate(settings):
        requests = [
            {"prompt": prompt.text, "seed": 3 * SEED + index, **asdict(setting)} for index, prompt in enumerate(prompts)]
        pictures, lines = cluster.pictures(requests, out / f"setting-{number}")
        rendered = tensors(pictures)
        with torch.no_grad():
            sure = recogniser(rendered)["first"].softmax(1).gather(1, expected.first[:, None]).mean().item()
        away = (rendered[:, None] - truths).pow(2).mean((2, 3, 4)).sqrt().min(1).values / 2
        row = asdict(setting) | asdict(rates(recogniser.answers(rendered), expected)) | {
            "sure": 100 * sure, "distance": statistics.median(away.tolist()), "prompts": len(prompts),
            "seconds": statistics.mean(sum(stage["seconds"] for stage in line["stages"]) for line in lines),
        }
        print(line_of(row), flush=True)
        rows.append(row)
    return rows


def line_of(row: dict) -> str:
    return (
        f"| {row['sampler']} | {row['prior_steps']}, {row['decoder_steps']}, {row['super_res_steps']} | "
        f"{row['prior_guidance']:g}, {row['decoder_guidance']:g} | {shown(row['object'])} | {shown(row['background'])} | "
        f"{row['sure']:.1f} % | {row['distance']:.3f} | {row['seconds']:.2f} s |")


def table(rows: list[dict], dated: dict[str, str]) -> str:
    return "\n".join([
        "| sampler | steps of prior, decoder, upsampler | guidance of prior, decoder | right object | right background | "
        "probability of the right object | distance to the true picture | worker time a picture |",
        "|---|---|---|---|---|---|---|---|", *(line_of(row) for row in rows), "",
        f"{rows[0]['prompts']} held-out prompts, the same seeds for all; distances are root mean square differences of "
        f"pixels at 64x64, medians. {dated['date']}, commit {dated['commit']}.",
    ])
