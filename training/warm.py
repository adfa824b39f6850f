"""Starts parts from the weights of a model folder rather than from random ones."""

from pathlib import Path

import torch


def start(module: torch.nn.Module, folder: Path, part: str, may_lack: bool = False) -> None:
    """Copies the weights of a saved part, whatever precision they are stored in, into `module`.

    `may_lack` says that without the part `module` begins anew. Every name and shape must be that of the preset: half a warm start would pass for a whole one.
    """
    path = folder / part
    if not path.is_dir() and may_lack:
        print(f"{folder} has no {part}: it begins anew", flush=True)
        return
    if not path.is_dir():
        raise SystemExit(f"Cannot start from {folder}: it has no folder '{part}'. Train that part, or start from another model.")
    saved = type(module).from_pretrained(path, torch_dtype=torch.float32).state_dict()
    try:
        module.load_state_dict(saved)
    except RuntimeError as error:
        raise SystemExit(f"Cannot start from {path}: its shapes are not those of the preset. {error}") from None
