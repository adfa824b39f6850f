"""The work of scripts/convert-weights."""

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

# Buffers that older exporters saved beside the parameters; they can be derived.
DERIVED = ("position_ids", "causal_attention_mask")


class Failure(Exception):
    """A sentence for the user."""


def state(path):
    """The tensors of a .bin file. Nothing else that a pickle can hold is loaded, and no code in it is run."""
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise Failure(f"Cannot read '{path}': it is damaged, or holds more than tensors. ({reason})") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, torch.Tensor) for t in tensors.values()):
        raise Failure(f"Cannot read '{path}': it is not a table of tensors.")
    result, known = {}, set()
    for name, tensor in tensors.items():
        if name.endswith(DERIVED):
            continue
        tensor = tensor.contiguous()
        # safetensors keeps no memory that tensors share.
        place = tensor.untyped_storage().data_ptr()
        result[name] = tensor.clone() if place in known else tensor
        known.add(place)
    return result


def raw(tensor):
    """Its bytes: numbers that are none compare unequal."""
    return tensor.reshape(-1).view(torch.uint8)


def write(path, target):
    """Writes a .bin file as safetensors, whole or not at all, and compares what is read back."""
    tensors = state(path)
    draft = target.with_name(target.name + ".part")
    try:
        save_file(tensors, draft, metadata={"format": "pt"})
        with safe_open(draft, "pt") as file:
            for name, tensor in tensors.items():
                if not torch.equal(raw(file.get_tensor(name)), raw(tensor)):
                    raise Failure(f"'{target}' reads back differently in '{name}'; is the disk sound?")
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    size = sum(t.numel() * t.element_size() for t in tensors.values())
    print(f"{path} -> {target.name}: {len(tensors)} tensors, {size / 1e6:.1f} MB", flush=True)


def new_name(name):
    """pytorch_model-00001-of-00002.bin to model-00001-of-00002.safetensors, as the two libraries call them."""
    return name.removeprefix("pytorch_").removesuffix(".bin") + ".safetensors"


def convert(source, target, remove):
    """Converts the weights of one part's folder into another folder, often the same."""
    converted = []
    for index in sorted(source.glob("*pytorch_model*.bin.index.json")):
        whole = new_name(index.name.removesuffix(".index.json"))
        goal = target / (whole + ".index.json")
        values = json.loads(index.read_text())
        shards = [source / name for name in sorted(set(values["weight_map"].values()))]
        converted += [index, *shards]
        if goal.exists() or (target / whole).exists():
            continue
        if any(shard.parent != source for shard in shards):
            raise Failure(f"Cannot use '{index}': it names files outside its folder.")
        for shard in shards:
            write(shard, target / new_name(shard.name))
        # The index comes last: where it is, its shards are.
        values["weight_map"] = {
            name: new_name(file) for name, file in values["weight_map"].items() if not name.endswith(DERIVED)}
        goal.write_text(json.dumps(values, indent=2) + "\n")
    for path in sorted(source.glob("*pytorch_model*.bin")):
        if path in converted:
            continue
        if not (target / new_name(path.name)).exists():
            write(path, target / new_name(path.name))
        converted.append(path)
    if remove:
        for path in converted:
            path.unlink()


def read_index(folder):
    path = folder / "model_index.json"
    if not path.exists():
        raise Failure(f"'{folder}' has no model_index.json; it is not a model as the diffusers library saves it.")
    return json.loads(path.read_text())


def parts(index, folder):
    """The parts that an index names and that are there."""
    return [name for name, value in index.items()
            if isinstance(value, list) and len(value) == 2 and value[0] and (folder / name).is_dir()]


def take(folder, other):
    """Takes the parts that a folder lacks from another, and names them in the folder's index."""
    index, theirs = read_index(folder), read_index(other)
    for name in parts(theirs, other):
        if name in parts(index, folder):
            continue
        target = folder / name
        target.mkdir()
        for path in (other / name).iterdir():
            if path.is_file() and not path.name.endswith((".bin", ".bin.index.json")):
                shutil.copy2(path, target / path.name)
        convert(other / name, target, remove=False)
        index[name] = theirs[name]
        print(f"{name}: taken from '{other}'", flush=True)
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(prog="convert-weights")
    parser.add_argument("folder", type=Path, help="a model folder as the hub gives it")
    parser.add_argument("--with", dest="other", type=Path, metavar="OTHER", help="a folder to take lacking parts from")
    parser.add_argument("--remove", action="store_true", help="remove each .bin file once it is converted")
    parser.add_argument("--atelier", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        for name in parts(read_index(arguments.folder), arguments.folder):
            convert(arguments.folder / name, arguments.folder / name, arguments.remove)
        if arguments.other:
            take(arguments.folder, arguments.other)
    except (Failure, OSError, ValueError) as error:
        sys.exit(f"convert-weights: {error}")
    sys.exit(subprocess.run([arguments.atelier, "model", "check", arguments.folder]).returncode)


if __name__ == "__main__":
    main()
