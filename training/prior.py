"""The prior: from a prompt's text states to the embedding of a picture that it could describe.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.2: a causal
transformer that predicts the clean embedding, trained with mean squared error.
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import PriorTransformer

from .clip import Clip
from .diffusion import TIMESTEPS, noised
from .loop import Loop
from .presets import Preset
from .world import COLOURS, caption, trained_pairs

LEARNING_RATE = 5e-4
DROPPED = 0.1  # share of prompts replaced by "", for guidance


def make(preset: Preset, table: torch.Tensor) -> PriorTransformer:
    """A prior that works on embeddings standardised by the mean and deviation of `table`."""
    model = PriorTransformer(
        num_attention_heads=preset.prior_heads, attention_head_dim=preset.prior_head_width,
        num_layers=preset.prior_layers, embedding_dim=preset.width, num_embeddings=77, additional_embeddings=4,
    )
    flat = table.flatten(0, -2)
    model.clip_mean.data.copy_(flat.mean(0)[None])
    model.clip_std.data.copy_(flat.std(0)[None])
    model.clip_mean.requires_grad_(False)
    model.clip_std.requires_grad_(False)
    return model


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
    model: PriorTransformer, clip: Clip, table: torch.Tensor, names: list[str], preset: Preset, folder: Path,
    seconds: float, steps: int | None,
) -> None:
    device = next(model.parameters()).device
    generator = random.Random(5)
    loop = Loop("prior", folder, [model], seconds, LEARNING_RATE, decay=0.998)
    pairs, colours = torch.tensor(trained_pairs()), list(COLOURS)
    mean, deviation = model.clip_mean.data[0], model.clip_std.data[0]
    table = table.to(device)

    def loss() -> torch.Tensor:
        batch = pairs[torch.randint(len(pairs), (preset.prior_batch,))]
        variants = torch.randint(table.shape[1], (len(batch),))
        clean = (table[batch[:, 0], variants, batch[:, 1]] - mean) / deviation
        captions = [
            "" if generator.random() < DROPPED else caption(names[thing], colours[colour], generator)
            for thing, colour in batch.tolist()
        ]
        embedding, states, mask = clip.encode(captions)
        timesteps = torch.randint(TIMESTEPS, (len(batch),), device=device)
        sample = noised(clean, timesteps, torch.randn_like(clean))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            predicted = forward(model, sample, timesteps, embedding, states, mask)
        return F.mse_loss(predicted.float(), clean)

    loop.run(loss, steps)
