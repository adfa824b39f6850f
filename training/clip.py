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
from transformers.models.clip.modeling_clip import CLIPTextModelOutput

from .arrays import Examples
from .compose import shrunk
from .feed import Feed, Recipe
from .loop import Budget, Loop
from .precision import mixed
from .presets import Preset
from .scenes import Scene
from .texts import Texts
from .words import Words
from .world import World

LEARNING_RATE = 8e-4


class Clip:
    """Both encoders and their tokenizer."""

    def __init__(self, preset: Preset, tokenizer: CLIPTokenizer, words: Words):
        shared = {
            "hidden_size": preset.width, "intermediate_size": 4 * preset.width, "projection_dim": preset.width,
            "num_attention_heads": preset.heads, "hidden_act": "quick_gelu",
        }
        self.tokenizer, self.words = tokenizer, words
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

    def texts(self, examples: Examples) -> Texts:
        return Texts.of(examples, self.words.end, self.text.device)

    def read(self, texts: Texts) -> CLIPTextModelOutput:
        return self.text(input_ids=texts.ids, attention_mask=texts.mask.long())

    @torch.no_grad()
    def encode(self, texts: Texts) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Embeddings [n, width], last hidden states [n, tokens, width] and the mask of real tokens."""
        with mixed(texts.ids.device):
            output = self.read(texts)
        return output.text_embeds.float(), output.last_hidden_state.float(), texts.mask

    @torch.no_grad()
    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Embeddings [n, width] of pictures of any size that is a multiple of the encoder's."""
        pictures = shrunk(pictures, self.vision.config.image_size)
        with mixed(pictures.device):
            return self.vision(pixel_values=pictures).image_embeds.float()


def train(clip: Clip, world: World, preset: Preset, folder: Path, budget: Budget, processes: int = 0) -> None:
    device = clip.text.device
    # The learned temperature: the logarithm of what similarities are multiplied by, 1 / 0.07 at first.
    scale = torch.nn.Parameter(torch.tensor(math.log(1 / 0.07), device=device))
    holder = torch.nn.ParameterList([scale])
    loop = Loop(
        "clip", folder, [clip.text, clip.vision, holder], budget, LEARNING_RATE, warmup=60, decay=0.99, seed=1)
    composer = world.composer(preset.sketch_size, device)
    recipe = Recipe(world.without_drawings, clip.words, preset.clip_batch, seed=1, is_contrasting=True)

    def loss(examples: Examples) -> torch.Tensor:
        pictures = shrunk(composer.pictures(examples.arrays), preset.vision_size)
        pictures = pictures + 0.02 * torch.randn_like(pictures)
        with mixed(device):
            text = clip.read(clip.texts(examples)).text_embeds
            image = clip.vision(pixel_values=pictures).image_embeds
        return contrastive_loss(image.float(), text.float(), scale)

    with Feed(recipe, loop.step, processes) as batches:
        loop.run(lambda: loss(next(batches)))
    print("clip: retrieval among %d: %.1f %% of trained, %.1f %% of held-out ones" % retrieval(clip, world, preset))


def contrastive_loss(image: torch.Tensor, text: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The mean of finding each picture's caption and each caption's picture among those of the batch."""
    # More than a hundredfold makes training unstable, as the paper found.
    logits = scale.exp().clamp(max=100) * F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


@torch.no_grad()
def retrieval(clip: Clip, world: World, preset: Preset, count: int = 1024) -> tuple[int, float, float]:
    """How often a picture's nearest caption is its own, in percent: among how many, of scenes that were trained on,
    of held-out ones."""
    chance = random.Random(2)
    composer = world.composer(preset.sketch_size, clip.text.device)
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
            images.append(F.normalize(clip.look(composer.of(part)), dim=-1))
            captions = [world.caption(scene, chance) for scene in part]
            texts.append(F.normalize(clip.encode(Texts.read(captions, clip.words, clip.text.device))[0], dim=-1))
        nearest = (torch.cat(images) @ torch.cat(texts).T).argmax(1).cpu()
        rates.append(100 * (nearest == torch.arange(len(chosen))).float().mean().item())
    return len(chosen), rates[0], rates[1]
