"""CLIP: text and pictures in one embedding space, by the symmetric contrastive loss.

Learning Transferable Visual Models From Natural Language Supervision (2021).
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import (
    CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection,
)

from .loop import Loop
from .pictures import Pictures
from .presets import Preset
from .world import COLOURS, THINGS, caption, is_held_out, trained_pairs

LEARNING_RATE = 8e-4


class Clip:
    """Both encoders and their tokenizer."""

    def __init__(self, preset: Preset, tokenizer: CLIPTokenizer):
        shared = {
            "hidden_size": preset.width, "intermediate_size": 4 * preset.width, "projection_dim": preset.width,
            "num_attention_heads": preset.heads, "hidden_act": "quick_gelu",
        }
        self.tokenizer = tokenizer
        self.text = CLIPTextModelWithProjection(
            CLIPTextConfig(
                vocab_size=len(tokenizer), num_hidden_layers=preset.text_layers, max_position_embeddings=77,
                bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id, **shared,
            )
        )
        self.vision = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                num_hidden_layers=preset.vision_layers, image_size=preset.vision_size, patch_size=preset.vision_patch,
                **shared,
            )
        )

    def to(self, device: torch.device) -> "Clip":
        self.text.to(device)
        self.vision.to(device)
        return self

    def tokens(self, captions: list[str]) -> dict[str, torch.Tensor]:
        """Ids padded to the longest caption only: the encoder is causal, so padding changes nothing before it."""
        batch = self.tokenizer(captions, padding=True, return_tensors="pt")
        return {name: values.to(self.text.device) for name, values in batch.items()}

    @torch.no_grad()
    def encode(self, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Embeddings [n, width], last hidden states [n, tokens, width] and the mask of real tokens."""
        batch = self.tokens(captions)
        output = self.text(**batch)
        return output.text_embeds, output.last_hidden_state, batch["attention_mask"].bool()


def train(clip: Clip, pictures: Pictures, preset: Preset, folder: Path, seconds: float, steps: int | None) -> None:
    device = clip.text.device
    generator = random.Random(1)
    scale = torch.nn.Parameter(torch.tensor(2.66, device=device))
    holder = torch.nn.ParameterList([scale])
    loop = Loop("clip", folder, [clip.text, clip.vision, holder], seconds, LEARNING_RATE, warmup=60, decay=0.99)
    pairs, colours = trained_pairs(), list(COLOURS)

    def loss() -> torch.Tensor:
        # No pair twice in a batch: both would be right answers for each other.
        batch = generator.sample(pairs, min(preset.clip_batch, len(pairs)))
        things, backgrounds = (torch.tensor(values) for values in zip(*batch))
        variants = torch.randint(pictures.variants, (len(batch),))
        images = pictures.compose(preset.vision_size, things, variants, backgrounds).to(device)
        images = images + 0.02 * torch.randn_like(images)
        captions = [caption(pictures.names[thing], colours[colour], generator) for thing, colour in batch]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            text = clip.text(**clip.tokens(captions)).text_embeds
            image = clip.vision(pixel_values=images).image_embeds
        logits = scale.exp().clamp(max=100) * F.normalize(image.float(), dim=-1) @ F.normalize(text.float(), dim=-1).T
        right = torch.arange(len(batch), device=device)
        return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2

    loop.run(loss, steps)
    print("clip: retrieval among all pairs: %.1f %% of trained, %.1f %% of held-out ones" % retrieval(clip, pictures, preset))


@torch.no_grad()
def retrieval(clip: Clip, pictures: Pictures, preset: Preset) -> tuple[float, float]:
    """How often a picture's nearest caption among all things and backgrounds is its own, in percent."""
    device = clip.text.device
    colours = list(COLOURS)
    pairs = [(thing, colour) for thing in range(len(THINGS)) for colour in range(len(colours))]
    images, texts = [], []
    for start in range(0, len(pairs), 256):
        chunk = pairs[start : start + 256]
        things, backgrounds = (torch.tensor(values) for values in zip(*chunk))
        variants = torch.randint(pictures.variants, (len(chunk),))
        picture = pictures.compose(preset.vision_size, things, variants, backgrounds).to(device)
        images.append(F.normalize(clip.vision(pixel_values=picture).image_embeds, dim=-1))
        captions = [f"a {pictures.names[thing]} on a {colours[colour]} background" for thing, colour in chunk]
        texts.append(F.normalize(clip.encode(captions)[0], dim=-1))
    nearest = (torch.cat(images) @ torch.cat(texts).T).argmax(1).cpu()
    right = (nearest == torch.arange(len(pairs))).float()
    held = torch.tensor([is_held_out(*pair) for pair in pairs])
    return 100 * right[~held].mean().item(), 100 * right[held].mean().item()


@torch.no_grad()
def embeddings(clip: Clip, pictures: Pictures, preset: Preset) -> torch.Tensor:
    """Image embeddings of every picture of the world, [things, variants, colours, width]."""
    things = torch.arange(len(THINGS))
    table = torch.zeros(len(THINGS), pictures.variants, len(COLOURS), preset.width)
    for variant in range(pictures.variants):
        for colour in range(len(COLOURS)):
            picture = pictures.compose(
                preset.vision_size, things, torch.full_like(things, variant), torch.full_like(things, colour)
            )
            table[:, variant, colour] = clip.vision(pixel_values=picture.to(clip.vision.device)).image_embeds.cpu()
    return table
