"""The prior: from a prompt's text states to the embedding of a picture that it could describe.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.2: a causal
transformer that predicts the clean embedding, trained with mean squared error.
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import PriorTransformer

from .arrays import Examples
from .clip import Clip
from .conditions import chosen, drop_texts
from .diffusion import TIMESTEPS, noised
from .feed import Feed, Recipe
from .loop import Budget, Loop
from .precision import mixed
from .presets import Preset
from .world import World

LEARNING_RATE = 5e-4
# Of the prompts.
DROPPED = 0.1


def make(preset: Preset) -> PriorTransformer:
    model = PriorTransformer(
        num_attention_heads=preset.prior_heads, attention_head_dim=preset.prior_head_width,
        num_layers=preset.prior_layers, embedding_dim=preset.width, num_embeddings=77, additional_embeddings=4,
    )
    model.clip_mean.requires_grad_(False)
    model.clip_std.requires_grad_(False)
    return model


def standardise(model: PriorTransformer, clip: Clip, world: World, preset: Preset, count: int = 1024) -> None:
    """The prior works on embeddings less their mean, over their deviation; both are part of its weights."""
    chance = random.Random(3)
    composer = world.composer(preset.sketch_size, model.clip_mean.device)
    seen = torch.cat([
        clip.look(composer.of([world.scene(chance) for _ in range(128)])) for _ in range(-(-count // 128))
    ])
    model.clip_mean.data.copy_(seen.mean(0)[None])
    model.clip_std.data.copy_(seen.std(0)[None])


def forward(
    model: PriorTransformer, sample: torch.Tensor, timesteps: torch.Tensor, embedding: torch.Tensor,
    states: torch.Tensor, mask: torch.Tensor,
) -> torch.Tensor:
    """The model's forward pass without padding tokens.

    Its mask hides them anyway, and 77 tokens cost five times what a short caption does.
    """
    batch, tokens = states.shape[:2]
    positions = model.positional_embedding
    positions = torch.cat([positions[:, :tokens], positions[:, -4:]], 1)
    sequence = torch.cat(
        [
            model.encoder_hidden_states_proj(states), model.embedding_proj(embedding)[:, None],
            model.time_embedding(model.time_proj(timesteps))[:, None], model.proj_in(sample)[:, None],
            model.prd_embedding.expand(batch, -1, -1),
        ],
        1,
    )
    hidden = F.pad((1 - mask.float()) * -10000.0, (0, 4))[:, None, :]
    causal = torch.full((tokens + 4, tokens + 4), -10000.0, device=sample.device).triu_(1)[None]
    attention = (hidden + causal).repeat_interleave(model.config.num_attention_heads, 0)
    sequence = sequence + positions
    for block in model.transformer_blocks:
        sequence = block(sequence, attention_mask=attention)
    return model.proj_to_clip_embeddings(model.norm_out(sequence)[:, -1])


def train(
    model: PriorTransformer, clip: Clip, world: World, preset: Preset, folder: Path, budget: Budget, processes: int = 0
) -> None:
    device = next(model.parameters()).device
    loop = Loop("prior", folder, [model], budget, LEARNING_RATE, decay=0.998, seed=2)
    composer = world.composer(preset.sketch_size, device)
    recipe = Recipe(world.without_drawings, clip.words, preset.prior_batch, seed=2)

    def loss(examples: Examples) -> torch.Tensor:
        clean = (clip.look(composer.pictures(examples.arrays)) - model.clip_mean) / model.clip_std
        embedding, states, mask = clip.encode(drop_texts(clip.texts(examples), chosen(len(clean), DROPPED, device)))
        timesteps = torch.randint(TIMESTEPS, (len(clean),), device=device)
        sample = noised(clean, timesteps, torch.randn_like(clean))
        with mixed(device):
            predicted = forward(model, sample, timesteps, embedding, states, mask)
        return F.mse_loss(predicted.float(), clean)

    with Feed(recipe, loop.step, processes) as batches:
        loop.run(lambda: loss(next(batches)))
