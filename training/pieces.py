"""A model folder in pieces, each a file of limited size, and put together again.

    python -m training.pieces split MODEL DIR       python -m training.pieces join DIR MODEL

For machines that give back few files of limited size. A piece is a safetensors file of tensors under "PATH:NAME".
The first also holds, as its metadata, how many pieces there are, the small files of the folder, and which tensors are
another's equals, which are stored once: the upsampler is in the folder twice.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

LIMIT = 16 * 1024 * 1024
# For a file's header.
HEADER = 512 * 1024


def split(model: Path, folder: Path, limit: int = LIMIT) -> list[Path]:
    """Writes the pieces of `model` to `folder`, in place of older ones; their paths."""
    texts, tensors, equals = {}, {}, {}
    seen: dict[tuple, str] = {}
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        name = str(path.relative_to(model))
        if path.suffix == ".safetensors":
            for key, tensor in load_file(path).items():
                content = hashlib.sha256(tensor.reshape(-1).view(torch.uint8).numpy()).digest()
                first = seen.setdefault((tensor.dtype, tensor.shape, content), f"{name}:{key}")
                if first == f"{name}:{key}":
                    tensors[first] = tensor
                else:
                    equals[f"{name}:{key}"] = first
        elif path.suffix in (".json", ".txt", ".md"):
            texts[name] = path.read_text(encoding="utf-8")
    metadata = {"texts": json.dumps(texts), "equals": json.dumps(equals)}
    groups = _filled(tensors, limit - HEADER - len(metadata["texts"]) - len(metadata["equals"]))
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("piece-*.safetensors"):
        old.unlink()
    paths = []
    for number, group in enumerate(groups, start=1):
        path = folder / f"piece-{number}.safetensors"
        save_file(group, path, {"pieces": str(len(groups)), **(metadata if number == 1 else {})})
        assert path.stat().st_size < limit
        paths.append(path)
    return paths


def join(folder: Path, model: Path) -> None:
    """Writes the model folder whose pieces are in `folder`.

    - Raises: `SystemExit` if a piece is missing.
    """
    first = folder / "piece-1.safetensors"
    if not first.exists():
        raise SystemExit(f"Cannot join a model: there is no {first}.")
    with safe_open(first, "pt") as opened:
        metadata = opened.metadata()
    tensors = {}
    for number in range(1, int(metadata["pieces"]) + 1):
        path = folder / f"piece-{number}.safetensors"
        if not path.exists():
            raise SystemExit(f"Cannot join a model: there is no {path}, piece {number} of {metadata['pieces']}.")
        tensors |= load_file(path)
    for name, other in json.loads(metadata["equals"]).items():
        tensors[name] = tensors[other].clone()
    files: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        file, key = name.split(":", 1)
        files.setdefault(file, {})[key] = tensor
    for name, text in json.loads(metadata["texts"]).items():
        _made(model / name).write_text(text, encoding="utf-8")
    for name, content in files.items():
        save_file(content, _made(model / name), {"format": "pt"})


def _made(path: Path) -> Path:
    """The path, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _filled(tensors: dict[str, torch.Tensor], room: int) -> list[dict[str, torch.Tensor]]:
    """Groups of tensors that have at most so many bytes each."""
    groups: list[dict[str, torch.Tensor]] = [{}]
    left = room
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        if size > room:
            raise SystemExit(f"Cannot split: the tensor '{name}' has {size} bytes, expected at most {room}.")
        if size > left:
            groups.append({})
            left = room
        groups[-1][name] = tensor
        left -= size
    return groups


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m training.pieces", description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("split", "join"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    {"split": split, "join": join}[options.verb](options.source, options.target)


if __name__ == "__main__":
    main()
