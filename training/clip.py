"""CLIP: text and pictures in one embedding space, by the symmetric contrastive loss.

Learning Transferable Visual Models From Natural Language Supervision (2021).
"""

import math
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import (
    CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection,
)

from .compose import shrunk
from .loop import Budget, Loop
from .presets import Preset
from .scenes import Scene
from .world import World

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

    @torch.no_grad()
    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Embeddings [n, width] of pictures of any size that is a multiple of the encoder's."""
        pictures = shrunk(pictures, self.vision.config.image_size)
        with torch.autocast(pictures.device.type, dtype=torch.bfloat16):
            return self.vision(pixel_values=pictures).image_embeds.float()


def train(clip: Clip, world: World, preset: Preset, folder: Path, budget: Budget) -> None:
    device = clip.text.device
    # The learned temperature: the logarithm of what similarities are multiplied by, 1 / 0.07 at first.
    scale = torch.nn.Parameter(torch.tensor(math.log(1 / 0.07), device=device))
    holder = torch.nn.ParameterList([scale])
    loop = Loop(
        "clip", folder, [clip.text, clip.vision, holder], budget, LEARNING_RATE, warmup=60, decay=0.99, seed=1)
    composer = world.composer(preset.full_size, device)

    def loss() -> torch.Tensor:
        scenes = batch(world, preset.clip_batch, loop.chance)
        pictures = shrunk(composer.pictures(scenes), preset.vision_size)
        pictures = pictures + 0.02 * torch.randn_like(pictures)
        captions = [world.caption(scene, loop.chance) for scene in scenes]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            text = clip.text(**clip.tokens(captions)).text_embeds
            image = clip.vision(pixel_values=pictures).image_embeds
        return contrastive_loss(image.float(), text.float(), scale)

    loop.run(loss)
    print("clip: retrieval among %d: %.1f %% of trained, %.1f %% of held-out ones" % retrieval(clip, world, preset))


def contrastive_loss(image: torch.Tensor, text: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The mean of finding each picture's caption and each caption's picture among those of the batch."""
    # More than a hundredfold makes training unstable, as the paper found.
    logits = scale.exp().clamp(max=100) * F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def batch(world: World, count: int, chance: random.Random) -> list[Scene]:
    """Scenes that all say something else, or both would be right answers for each other; half of them differ from
    another in one respect only, which asks more of the encoders."""
    scenes: dict[Scene, Scene] = {}
    while len(scenes) < count:
        scene = world.scene(chance)
        scenes.setdefault(scene.content, scene)
        if len(scenes) < count:
            other = world.neighbour(scene, chance)
            scenes.setdefault(other.content, other)
    return list(scenes.values())


@torch.no_grad()
def retrieval(clip: Clip, world: World, preset: Preset, count: int = 1024) -> tuple[int, float, float]:
    """How often a picture's nearest caption is its own, in percent: among how many, of scenes that were trained on,
    of held-out ones."""
    chance = random.Random(2)
    composer = world.composer(preset.full_size, clip.text.device)
    rates = []
    for is_held_out in (False, True):
        scenes: dict[Scene, Scene] = {}
        for _ in range(8 * count):
            scene = world.scene(chance, is_held_out)
            scenes.setdefault(scene.content, scene)
        chosen = list(scenes.values())[:count]
        images, texts = [], []
        for start in range(0, len(chosen), 128):
            part = chosen[start : start + 128]
            images.append(F.normalize(clip.look(composer.pictures(part)), dim=-1))
            texts.append(F.normalize(clip.encode([world.caption(scene, chance) for scene in part])[0], dim=-1))
        nearest = (torch.cat(images) @ torch.cat(texts).T).argmax(1).cpu()
        rates.append(100 * (nearest == torch.arange(len(chosen))).float().mean().item())
    return len(chosen), rates[0], rates[1]
