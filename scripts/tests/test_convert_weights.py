"""scripts/convert-weights on tiny folders in the shape that the hub gives: `python -m pytest scripts/tests`.

Needs torch, diffusers, transformers, pytest, and the built binary (ATELIER names it, else the release build's).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/UnCLIPTests/Fixtures"))
from reference.configurations import committed  # noqa: E402
from reference.folders import build, load  # noqa: E402

ATELIER = Path(os.environ.get("ATELIER") or ROOT / ".build/release/atelier")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A complete model in safetensors, with the parts that variations need."""
    folder = tmp_path_factory.mktemp("models") / "original"
    spec, seed = committed()["narrow"]
    build(folder, spec, seed)
    width = spec["prior"]["embedding_dim"]
    vision = CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, projection_dim=width, num_hidden_layers=1, num_attention_heads=2,
        image_size=16, patch_size=8))
    vision.save_pretrained(folder / "image_encoder")
    CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}).save_pretrained(
        folder / "feature_extractor")
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
              "feature_extractor": ["transformers", "CLIPImageProcessor"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def as_hub(original, folder, parts=None, shards=()):
    """A copy with .bin files, as older versions of the libraries saved them; of some parts only."""
    shutil.copytree(original, folder)
    index = json.loads((folder / "model_index.json").read_text())
    for path in folder.glob("*/"):
        if parts and path.name not in parts:
            shutil.rmtree(path)
            del index[path.name]
    for path in folder.glob("*/*.safetensors"):
        stem = {"model": "pytorch_model"}.get(path.stem, path.stem)
        tensors = load_file(path)
        if path.parent.name in ("text_encoder", "image_encoder"):
            prefix = "text_model" if path.parent.name == "text_encoder" else "vision_model"
            tensors[f"{prefix}.embeddings.position_ids"] = torch.arange(5)[None]
        path.unlink()
        if path.parent.name in shards:
            names = sorted(tensors)
            files = [f"{stem}-0000{n}-of-00002.bin" for n in (1, 2)]
            for n, file in enumerate(files):
                torch.save({name: tensors[name] for name in names[n::2]}, path.parent / file)
            (path.parent / f"{stem}.bin.index.json").write_text(json.dumps(
                {"metadata": {}, "weight_map": {name: files[i % 2] for i, name in enumerate(names)}}))
        else:
            torch.save(tensors, path.parent / f"{stem}.bin")
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def convert(*arguments):
    return subprocess.run(
        [ROOT / "scripts/convert-weights", *arguments], capture_output=True, text=True,
        env={**os.environ, "PYTHON": sys.executable, "ATELIER": str(ATELIER)})


def check(folder):
    run = subprocess.run([ATELIER, "model", "check", folder, "--json"], capture_output=True, text=True)
    return json.loads(run.stdout)


def picture(folder, tmp_path):
    out = tmp_path / f"{folder.name}.png"
    subprocess.run([ATELIER, "render", "--model", folder, "--prompt", "a red apple", "--seed", "1", "--prior-steps", "2",
                    "--decoder-steps", "2", "--super-res-steps", "2", "--out", out], check=True, capture_output=True)
    return out.read_bytes()


def test_converted_weights_are_the_same_model(original, tmp_path):
    folder = as_hub(original, tmp_path / "karlo", shards=("decoder", "text_encoder"))
    before = check(folder)
    assert before["problems"] and "must be converted" in before["problems"][0]
    run = convert(folder)
    assert run.returncode == 0, run.stderr
    assert check(folder)["digest"] == check(original)["digest"] is not None
    assert check(folder)["digest"] in run.stdout
    assert picture(folder, tmp_path) == picture(original, tmp_path)
    assert (folder / "decoder/diffusion_pytorch_model-00002-of-00002.safetensors").exists()
    # Again, there is nothing left to do; and .bin files go when asked.
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert convert(folder, "--remove").returncode == 0
    assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert not list(folder.rglob("*.bin")) and not list(folder.rglob("*.bin.index.json"))
    assert check(folder)["digest"] == check(original)["digest"]


def test_parts_for_variations_come_from_the_twin(original, tmp_path):
    shared = ["text_encoder", "tokenizer", "text_proj", "decoder", "decoder_scheduler", "super_res_first",
              "super_res_last", "super_res_scheduler"]
    folder = as_hub(original, tmp_path / "karlo", [*shared, "prior", "prior_scheduler"])
    twin = as_hub(original, tmp_path / "twin", [*shared, "image_encoder", "feature_extractor"])
    run = convert(folder, "--with", twin, "--remove")
    assert run.returncode == 0, run.stderr
    report = check(folder)
    assert report["digest"] == check(original)["digest"] and not report["absent"]
    # The twin stays as it was.
    assert list((twin / "image_encoder").glob("*.bin")) and not list((twin / "image_encoder").glob("*.safetensors"))
    assert picture(folder, tmp_path) == picture(original, tmp_path)


def test_the_libraries_own_bin_files_convert(original, tmp_path):
    folder = tmp_path / "saved"
    shutil.copytree(original, folder)
    pipeline, _ = load(original)
    for name in ["prior", "decoder", "text_proj", "super_res_first", "super_res_last"]:
        shutil.rmtree(folder / name)
        getattr(pipeline, name).save_pretrained(folder / name, safe_serialization=False)
        assert list((folder / name).glob("*.bin"))
    run = convert(folder)
    assert run.returncode == 0, run.stderr
    ours, theirs = check(folder), check(original)
    assert [p["parameters"] for p in ours["parts"]] == [p["parameters"] for p in theirs["parts"]]
    assert picture(folder, tmp_path) == picture(original, tmp_path)


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch bombed",))


@pytest.mark.parametrize("content, reason", [(Bomb(), "more than tensors"), ([1, 2], "not a table"), (None, "damaged")])
def test_what_is_no_table_of_tensors_is_refused_by_name(original, tmp_path, monkeypatch, content, reason):
    monkeypatch.chdir(tmp_path)
    folder = as_hub(original, tmp_path / "karlo")
    path = folder / "prior/diffusion_pytorch_model.bin"
    if content is None:
        path.write_bytes(path.read_bytes()[:1000])
    else:
        torch.save({"a": content} if isinstance(content, Bomb) else content, path)
    run = convert(folder)
    assert run.returncode != 0 and str(path) in run.stderr and reason in run.stderr, run.stderr
    assert "Traceback" not in run.stderr and not (tmp_path / "bombed").exists()
    assert not list((folder / "prior").glob("*.safetensors*"))


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    run = convert(tmp_path)
    assert run.returncode == 1 and "no model_index.json" in run.stderr and "Traceback" not in run.stderr


def test_a_model_that_lacks_a_part_fails_the_check(original, tmp_path):
    folder = as_hub(original, tmp_path / "karlo")
    (folder / "prior/diffusion_pytorch_model.bin").unlink()
    run = convert(folder)
    assert run.returncode == 1 and "There are no weights in" in run.stderr
