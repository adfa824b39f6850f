"""A model's card, its README.md: the parts of it that are written by programs, each between two markers.

    python -m training.card MODEL                writes the table of its parts
"""

import json
import math
import re
import sys
from pathlib import Path

from safetensors import safe_open

from .data.pack import Source

PARTS = {
    "text_encoder": "CLIP's text encoder", "image_encoder": "CLIP's image encoder", "prior": "prior",
    "text_proj": "text projection", "decoder": "decoder", "super_res_first": "upsampler",
}


def marker(name: str, by: str, end: bool = False) -> str:
    return f"<!-- {'end of ' if end else ''}{name}: written by python -m {by} -->"


def put(card: Path, name: str, text: str, by: str) -> None:
    """Replaces what is between the markers, or appends both."""
    begin, end = marker(name, by), marker(name, by, end=True)
    old = card.read_text() if card.exists() else ""
    block = f"{begin}\n{text.strip()}\n{end}"
    if begin in old and end in old:
        before, rest = old.split(begin, 1)
        new = before + block + rest.split(end, 1)[1]
    else:
        new = f"{old.rstrip()}\n\n{block}\n".lstrip()
    card.write_text(new)


def part_table(model: Path) -> str:
    """Parameters and shapes of every part, and what the folder weighs."""
    rows, total = ["| part | parameters | shape |", "|---|---|---|"], 0
    for folder, name in PARTS.items():
        (path,) = (model / folder).glob("*.safetensors")
        with safe_open(path, "pt") as file:
            count = sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())
        total += count
        shape = _shape(json.loads((model / folder / "config.json").read_text()))
        rows.append(f"| {name} | {count / 1e6:.1f} million | {shape} |")
    size = sum(path.stat().st_size for path in model.rglob("*.safetensors")) / 1e6
    rows.append(
        f"| all | {total / 1e6:.1f} million | {size:.1f} MB in half precision, the upsampler's last step included |")
    return "\n".join(rows)


def _shape(config: dict) -> str:
    if "block_out_channels" in config:
        side, channels = config["sample_size"], "/".join(map(str, config["block_out_channels"]))
        return f"{side}x{side}, channels {channels}"
    if "num_attention_heads" in config:
        layers = config.get("num_hidden_layers", config.get("num_layers"))
        width = config.get("hidden_size", config.get("embedding_dim"))
        return f"{layers} layers, {width} wide"
    return f"{config['clip_embeddings_dim']} to {config['cross_attention_dim']} wide"


def record_data(model: Path, sources: list[Source], start: Path | None) -> None:
    """Writes what the weights have seen: the sources of this training, and all that the model it began with had seen.

    Weights go on from weights, so what an earlier training saw stays said, whatever the later one left out.
    """
    lines = [f"- {source.packages}: {source.licence} ({source.url})" for source in sources]
    if start is not None:
        lines += [line for line in seen_before(start) if line not in lines]
    put(model / "README.md", "data", "What the weights have seen:\n" + "\n".join(lines), "training")


def seen_before(start: Path) -> list[str]:
    """What a model's card says of its data, a line each; what people wrote is repeated in their words."""
    path = start / "README.md"
    text = path.read_text() if path.exists() else ""
    begin, end = marker("data", "training"), marker("data", "training", end=True)
    if begin in text:
        return [line for line in text.split(begin, 1)[1].split(end, 1)[0].splitlines() if line.startswith("- ")]
    section = re.search(r"^#+ [^\n]*data[^\n]*\n(.*?)(?=^#|\Z)", text, re.IGNORECASE | re.MULTILINE | re.DOTALL)
    words = " ".join((section[1] if section else text).split())
    says = f'has a card that says: "{words}"' if words else "has no card that says so"
    return [f"- what the model that this training began with had seen: it {says}"]


if __name__ == "__main__":
    put(Path(sys.argv[1]) / "README.md", "parts", part_table(Path(sys.argv[1])), "training.card")
