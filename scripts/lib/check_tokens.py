"""The work of scripts/check-tokens."""

import argparse
import gzip
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from transformers import CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/UnCLIPTests/Fixtures/tokenizer"))
from make_fixtures import BEGIN, END, line, write  # noqa: E402

LENGTH = 77


def bytes_in_order():
    """GPT-2's printable stand-ins of the bytes, in CLIP's order."""
    codes = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in codes] + [chr(256 + n) for n in range(256 - len(codes))]


def publish(folder):
    """Writes the published vocabulary as a model's tokenizer."""
    # Found without importing it: it would want torch.
    package = importlib.util.find_spec("open_clip")
    source = Path(package.origin).parent / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.open(source).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    letters = bytes_in_order()
    tokens = letters + [c + "</w>" for c in letters] + [m.replace(" ", "") for m in merges] + [BEGIN, END]
    assert len(tokens) == len(set(tokens)) == 49408
    write(folder / "tokenizer/vocab.json", {t: i for i, t in enumerate(tokens)})
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    write(folder / "tokenizer/tokenizer_config.json", {"model_max_length": LENGTH, "tokenizer_class": "CLIPTokenizer"})
    write(folder / "model_index.json", {"_class_name": "UnCLIPPipeline", "tokenizer": ["transformers", "CLIPTokenizer"]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    # A line end separates lines; the committed tests have texts that contain it.
    lines = [line(rng).replace("\n", "\t") for _ in range(arguments.lines)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        publish(folder)
        (folder / "lines.txt").write_bytes("".join(text + "\n" for text in lines).encode())
        started = time.monotonic()
        output = subprocess.run(
            [arguments.atelier, "tokenize", "--model", folder, folder / "lines.txt"], check=True, stdout=subprocess.PIPE)
        seconds = time.monotonic() - started
        ours = [json.loads(row) for row in output.stdout.decode().splitlines()]
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        theirs = []
        for start in range(0, len(lines), 1000):
            theirs += tokenizer(
                lines[start : start + 1000], padding="max_length", max_length=LENGTH, truncation=True).input_ids
    if len(ours) != len(theirs):
        sys.exit(f"{len(ours)} rows for {len(lines)} lines.")
    different = [i for i in range(len(lines)) if ours[i] != theirs[i]]
    for index in different[:20]:
        at = next(i for i in range(LENGTH) if ours[index][i] != theirs[index][i])
        print(f"line {index + 1}: {lines[index]!a}\n  at {at}: {ours[index][at:at + 6]}, expected {theirs[index][at:at + 6]}")
    cut = sum(ids[-2] != tokenizer.pad_token_id for ids in theirs)
    scalars = {c for text in lines for c in text}
    planes = {ord(c) >> 16 for c in scalars}
    print(
        f"{len(lines)} lines ({len(scalars)} different code points of {len(planes)} planes, {cut} lines cut at {LENGTH}): "
        f"{len(different)} differ. atelier took {seconds:.1f} s.")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
