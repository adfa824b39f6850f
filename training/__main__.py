"""One command from nothing to a model folder. See README.md."""

import argparse
import re
from pathlib import Path

import torch

from . import bytepairs, clip, decoder, export, prior, sheet, upsampler
from .pictures import Pictures
from .presets import PRESETS


def seconds(text: str) -> float:
    """A time budget such as 90s, 120m or 3h."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no time such as 90s, 120m or 3h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m training", description=__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="mini")
    parser.add_argument("--budget", type=seconds, default=seconds("2h"), help="time for all parts, such as 120m")
    parser.add_argument("--out", type=Path, default=Path("models/starter"), help="the folder to write")
    parser.add_argument("--work", type=Path, default=Path("training/.work"), help="checkpoints, curves and sheets")
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument("--steps", type=int, help="stop each part after so many steps (for trying things out)")
    parser.add_argument("--prompts", type=Path, default=Path("examples/prompts.txt"), help="what the sheet shows")
    options = parser.parse_args()

    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    preset = PRESETS[options.preset]
    work = options.work / preset.name
    work.mkdir(parents=True, exist_ok=True)

    pictures = Pictures.make(preset)
    encoders = clip.Clip(preset, bytepairs.make(preset, work / "tokenizer")).to(device)
    clip.train(encoders, pictures, preset, work, options.budget * preset.clip_share, options.steps)
    encoders.text.eval().requires_grad_(False)
    encoders.vision.eval().requires_grad_(False)
    table = clip.embeddings(encoders, pictures, preset)

    prior_model = prior.make(preset, table).to(device)
    prior.train(
        prior_model, encoders, table, pictures.names, preset, work, options.budget * preset.prior_share, options.steps)
    unet, projection = (part.to(device) for part in decoder.make(preset))
    decoder.train(
        unet, projection, encoders, pictures, table, preset, work, options.budget * preset.decoder_share, options.steps)
    upsampler_model = upsampler.make(preset).to(device)
    upsampler.train(
        upsampler_model, pictures, preset, work, options.budget * preset.upsampler_share, options.steps)

    export.save(encoders, prior_model, unet, projection, upsampler_model, preset, work / "tokenizer", options.out)
    prompts = [
        line.strip() for line in options.prompts.read_text().splitlines() if line.strip() and not line.startswith("#")
    ]
    sheet.draw(options.out, prompts, work / "sheet.png")
    print(f"Saved {options.out}; look at {work / 'sheet.png'} and the loss curves beside it.")


if __name__ == "__main__":
    main()
