"""Writes what scripts/parity, which calls it, has measured: parity_tables LOG MAKING MODELS COUNT SEED.

A summary goes into docs/parity.md, each model's figures into a decision.
"""
import collections
import json
import pathlib
import platform
import re
import sys
from importlib.metadata import version

from scripts.lib.generated import replace, table

COMMITTED = pathlib.Path("Tests/UnCLIPTests/Fixtures/models")
PARTS = {
    "text_encoder": "text encoder", "image_encoder": "image encoder", "prior": "prior", "text_proj": "text projection",
    "decoder": "decoder", "super_res_first": "upsampler", "super_res_last": "upsampler, last step",
}
DETAILS = "docs/decisions/0017-random-models-are-the-test-of-parity.md"
TYPES = {"F32": "f32", "F16": "f16", "BF16": "bf16"}


def config(folder, part):
    return json.loads((folder / part / "config.json").read_text())


def configuration(folder):
    """A row that says how a model is built."""
    text, prior, projection = (config(folder, p) for p in ["text_encoder", "prior", "text_proj"])
    decoder, large = config(folder, "decoder"), config(folder, "super_res_first")
    attention = "".join("a" if "Attn" in kind else "r" for kind in decoder["down_block_types"])
    image = "-"
    if (folder / "image_encoder").exists():
        vision = config(folder, "image_encoder")
        image = f"{vision['image_size']} px, {vision['hidden_size']} x {layers(vision)}"
    return [
        folder.name, stored(folder), f"{text['hidden_size']} x {layers(text)}, {text['max_position_embeddings']} tokens",
        image, f"{prior['num_attention_heads']} x {prior['attention_head_dim']} x {prior['num_layers']}",
        projection.get("clip_extra_context_tokens", 4), unet(decoder) + f", {attention}", unet(large)]


def unet(values):
    blocks = values["layers_per_block"]
    blocks = "/".join(map(str, blocks)) if isinstance(blocks, list) else blocks
    widths = "/".join(map(str, values["block_out_channels"]))
    return f"{values['sample_size']} px, {widths}, {blocks} blocks"


def layers(values):
    return values["num_hidden_layers"]


def stored(folder):
    """Element type of the weights, and whether they are sharded."""
    files = sorted((folder / "decoder").glob("*.safetensors"))
    raw = files[0].read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    kind = next(v["dtype"] for k, v in header.items() if k != "__metadata__")
    return TYPES[kind] + (", shards" if len(files) > 1 else "")


def main():
    log, making, models, count, seed = sys.argv[1:]
    figures = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in pathlib.Path(log).read_text(errors="replace").splitlines():
        if match := re.search(r"parity: (\S+) (\S+) (\S+)$", line):
            figures[match[1]][match[2]].append(float(match[3]))
    folders = sorted(COMMITTED.iterdir()) + sorted(
        pathlib.Path(models).iterdir(), key=lambda f: [int(n) for n in re.findall(r"\d+", f.name)])

    def largest(names, measure, form="{:.0e}"):
        values = [value for name in names for value in figures[name].get(measure, [])]
        return form.format(max(values)).replace("e-0", "e-") if values else "-"

    names = [f.name for f in folders]
    summary = [[title, largest(names, part), "1e-4"] for part, title in PARTS.items()]
    for kind, title in [("prompt", "pictures of prompts"), ("variation", "variations")]:
        summary += [[f"{title}, anywhere", largest(names, f"{kind}.worst", "{:.0f}/255"), "2/255"],
                    ["the same, in the mean of a picture", largest(names, f"{kind}.mean", "{:.3f}/255"), "0.1/255"]]
    rows = [[f.name, *(largest([f.name], p) for p in PARTS),
             *(largest([f.name], f"{kind}.{m}", form) for kind in ["prompt", "variation"]
               for m, form in [("worst", "{:.0f}"), ("mean", "{:.3f}")])] for f in folders]
    set_aside = len(re.findall("is chaotic|is ill-conditioned|black and white", pathlib.Path(making).read_text()))
    head = ["model", "text encoder", "image encoder", "prior", "projection", "decoder", "upsampler", "its last step",
            "prompt, worst", "mean", "variation, worst", "mean"]
    versions = ", ".join(f"{name} {version(name)}" for name in ["torch", "diffusers", "transformers", "pillow"])
    pictures = [sum(len(figures[f.name].get(f"{kind}.worst", [])) for f in folders) for kind in ["prompt", "variation"]]
    replace("docs/parity.md", "parity-summary", f"""
Reference: {versions}, on {platform.machine()}; {len(folders)} models,
{pictures[0]} pictures of prompts and {pictures[1]} variations.

{table(["compared", f"largest difference, {len(folders)} models", "asked: at most"], summary)}
""")
    replace(DETAILS, "parity", f"""
Reference: {versions}, on {platform.machine()}. {len(folders)} models,
{pictures[0]} pictures from prompts and {pictures[1]} variations. Of the {count} random configurations (seed {seed}), {set_aside} draws of weights were set aside.

{table(head, rows)}

How they are built (width x layers of the encoders; heads x head size x layers of the prior; `a` is a level with
attention, `r` one without):

{table(["model", "weights", "text encoder", "image encoder", "prior", "extra tokens", "decoder", "upsampler"],
       [configuration(f) for f in folders])}
""")


if __name__ == "__main__":
    main()
