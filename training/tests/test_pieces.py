"""A model crosses in pieces and is the same; a missing piece is named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from training import pieces


def model(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    part = {f"layer.{index}": torch.randn(64, 1024).half() for index in range(20)}
    files = {
        "first/weights.safetensors": part, "last/weights.safetensors": part,
        "other/weights.safetensors": {"scale": torch.tensor(3.0), "zero": torch.zeros(4), "ids": torch.arange(4)},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True)
        save_file(content, folder / name)
    (folder / "model_index.json").write_text('{"é": 1}', encoding="utf-8")
    return files


def test_what_is_joined_is_what_was_split_and_every_piece_is_small(tmp_path: Path) -> None:
    files, limit = model(tmp_path / "model"), 2**20 + 2**19
    paths = pieces.split(tmp_path / "model", tmp_path / "pieces", limit)
    assert len(paths) > 1 and all(path.stat().st_size < limit for path in paths)
    # What is there twice is stored once.
    assert sum(path.stat().st_size for path in paths) < 1.2 * (20 * 64 * 1024 * 2)
    pieces.join(tmp_path / "pieces", tmp_path / "joined")
    for name, content in files.items():
        joined = load_file(tmp_path / "joined" / name)
        assert joined.keys() == content.keys()
        assert all(torch.equal(joined[key], value) and joined[key].dtype == value.dtype for key, value in content.items())
    assert (tmp_path / "joined" / "model_index.json").read_text(encoding="utf-8") == '{"é": 1}'


def test_a_missing_piece_is_named(tmp_path: Path) -> None:
    model(tmp_path / "model")
    pieces.split(tmp_path / "model", tmp_path, 2**20 + 2**19)[1].unlink()
    with pytest.raises(SystemExit, match="piece-2.safetensors, piece 2 of"):
        pieces.join(tmp_path, tmp_path / "joined")
    with pytest.raises(SystemExit, match="there is no"):
        pieces.join(tmp_path / "nowhere", tmp_path / "joined")
