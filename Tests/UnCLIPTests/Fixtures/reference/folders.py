"""Writes a model folder of random weights from a specification, and reads one back as the reference does."""
import json
import shutil

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPPipeline, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip.pipeline_unclip_image_variation import UnCLIPImageVariationPipeline
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from transformers import (
    CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

CLASSES = {
    "text_encoder": CLIPTextModelWithProjection, "prior": PriorTransformer, "text_proj": UnCLIPTextProjModel,
    "decoder": UNet2DConditionModel, "super_res_first": UNet2DModel, "super_res_last": UNet2DModel}
SCHEDULERS = ["prior_scheduler", "decoder_scheduler", "super_res_scheduler"]


def write_tokenizer(folder, length, as_json):
    """A vocabulary in CLIP's format: the bytes, the bytes that end a word, a few merges."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    letters, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(256 + extra)
            extra += 1
    order = [letters[b] for b in printable] + [letters[b] for b in range(256) if b not in printable]
    merges = ["a p", "ap p", "app l", "appl e</w>", "r e", "re d</w>", "b l", "bl u", "blu e</w>",
              "c a", "ca t", "cat s</w>", "o n</w>", "s m", "sm a", "sma l", "smal l</w>"]
    tokens = order + [t + "</w>" for t in order] + [m.replace(" ", "") for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "CLIPTokenizer", "model_max_length": length, "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}))
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    assert tokenizer.model_max_length == length
    if as_json:
        shutil.rmtree(folder)
        tokenizer.save_pretrained(folder)
    return tokenizer, len(tokens)


def randomise(module, generator):
    """Weights at a scale that keeps signals alive, and nothing left at zero or one."""
    for name, p in module.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if "embedding" in name and "proj" not in name and "linear" not in name or name == "prd_embedding":
            value = 0.5 * noise
        elif name.startswith("clip_std"):
            value = 1 + 0.2 * noise
        elif p.ndim >= 2 and not name.startswith("clip_"):
            value = noise / p[0].numel() ** 0.5
        elif name.endswith("weight"):
            value = 1 + 0.2 * noise
        else:
            value = 0.1 * noise
        p.data.copy_(value)
    return module.eval()


def build(folder, spec, seed):
    """Writes the folder of a specification (configurations.py), without what the reference computes."""
    generator = torch.Generator().manual_seed(seed)
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer, vocabulary = write_tokenizer(
        folder / "tokenizer", spec["tokens"], spec.get("tokenizer_json", False))
    text = dict(vocab_size=vocabulary, max_position_embeddings=spec["tokens"], eos_token_id=vocabulary - 1,
                bos_token_id=vocabulary - 2) | spec["text"]
    parts = {
        "text_encoder": CLIPTextModelWithProjection(CLIPTextConfig(**text)),
        "prior": PriorTransformer(num_embeddings=spec["tokens"], **spec["prior"]),
        "text_proj": UnCLIPTextProjModel(**spec["text_proj"]),
        "decoder": UNet2DConditionModel(**spec["decoder"]),
        "super_res_first": UNet2DModel(**spec["super_res"]),
        "super_res_last": UNet2DModel(**{**spec["super_res"], **spec.get("super_res_last", {})}),
    }
    dtype = getattr(torch, spec["dtype"])
    for module in parts.values():
        randomise(module, generator).to(dtype)
    shard = spec.get("shard", 10 ** 9)
    UnCLIPPipeline(
        tokenizer=tokenizer, **parts, **{n: UnCLIPScheduler(**spec[n]) for n in SCHEDULERS},
    ).save_pretrained(folder, max_shard_size=shard)
    index = json.loads((folder / "model_index.json").read_text())
    # As published models spell it.
    index["text_proj"] = ["unclip", "UnCLIPTextProjModel"]
    if "image" in spec:
        encoder = CLIPVisionModelWithProjection(CLIPVisionConfig(**spec["image"]))
        randomise(encoder, generator).to(dtype).save_pretrained(folder / "image_encoder", max_shard_size=shard)
        CLIPImageProcessorPil(**spec["extractor"]).save_pretrained(folder / "feature_extractor")
        index["image_encoder"] = ["transformers", "CLIPVisionModelWithProjection"]
        index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
    if not spec.get("tokenizer_json"):
        shutil.rmtree(folder / "tokenizer")
        write_tokenizer(folder / "tokenizer", spec["tokens"], False)
    for stray in folder.rglob("README.md"):
        stray.unlink()


def load(folder):
    """Both reference pipelines in f32 on the same parts, read part by part since the index's name for the text
    projection is none that the library finds. The second is None for a model without image encoder."""
    parts = {n: c.from_pretrained(folder / n, torch_dtype=torch.float32) for n, c in CLASSES.items()}
    schedulers = {n: UnCLIPScheduler.from_pretrained(folder / n) for n in SCHEDULERS}
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    text = UnCLIPPipeline(tokenizer=tokenizer, **parts, **schedulers)
    text.set_progress_bar_config(disable=True)
    if not (folder / "image_encoder").exists():
        return text, None
    shared = {n: p for n, p in (parts | schedulers).items() if not n.startswith("prior")}
    picture = UnCLIPImageVariationPipeline(
        tokenizer=tokenizer, **shared,
        feature_extractor=CLIPImageProcessorPil.from_pretrained(folder / "feature_extractor"),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(
            folder / "image_encoder", torch_dtype=torch.float32))
    picture.set_progress_bar_config(disable=True)
    return text, picture
