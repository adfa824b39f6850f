"""The decoder: a U-Net from an image embedding and text states to a small picture.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.1. It predicts the
clean picture rather than the noise: on two cores the latter gives nothing to look at for long.
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.pipelines.deprecated.unclip import UnCLIPTextProjModel

from .clip import Clip
from .diffusion import draw_timesteps, noised, signal_to_noise_weight, variance_loss
from .loop import Loop
from .pictures import Pictures
from .presets import Preset
from .world import COLOURS, caption, trained_pairs

LEARNING_RATE = 6e-4
# Of the pictures: without text and embedding (the unconditional half of guidance), without text alone
# (variations have none), without embedding alone.
DROPPED_BOTH, DROPPED_TEXT, DROPPED_EMBEDDING = 0.10, 0.10, 0.05
# Embeddings are disturbed a little, since the prior's are not perfect.
DISTURBANCE = 0.15
# Of the timesteps drawn. Details and colours are learned soon; outlines, which the noisiest steps decide, late.
NOISY_SHARE = 0.65


def make(preset: Preset) -> tuple[UNet2DConditionModel, UnCLIPTextProjModel]:
    levels = len(preset.decoder_channels)
    unet = UNet2DConditionModel(
        sample_size=preset.base_size, in_channels=3, out_channels=6,
        down_block_types=("ResnetDownsampleBlock2D", *["SimpleCrossAttnDownBlock2D"] * (levels - 1)),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=(*["SimpleCrossAttnUpBlock2D"] * (levels - 1), "ResnetUpsampleBlock2D"),
        block_out_channels=preset.decoder_channels, layers_per_block=preset.decoder_blocks,
        cross_attention_dim=preset.width, attention_head_dim=preset.decoder_head_width, class_embed_type="identity",
        resnet_time_scale_shift="scale_shift", norm_num_groups=preset.groups,
    )
    projection = UnCLIPTextProjModel(
        clip_extra_context_tokens=4, clip_embeddings_dim=preset.width, time_embed_dim=preset.decoder_channels[0] * 4,
        cross_attention_dim=preset.width,
    )
    torch.nn.init.normal_(projection.learned_classifier_free_guidance_embeddings)
    return unet, projection


def train(
    unet: UNet2DConditionModel, projection: UnCLIPTextProjModel, clip: Clip, pictures: Pictures, table: torch.Tensor,
    preset: Preset, folder: Path, seconds: float, steps: int | None,
) -> None:
    device = unet.device
    generator = random.Random(3)
    loop = Loop("decoder", folder, [unet, projection], seconds, LEARNING_RATE, warmup=200)
    pairs, colours = torch.tensor(trained_pairs()), list(COLOURS)
    table = table.to(device)

    def loss() -> torch.Tensor:
        batch = pairs[torch.randint(len(pairs), (preset.decoder_batch,))]
        things, backgrounds = batch[:, 0], batch[:, 1]
        variants = torch.randint(preset.decoder_variants, (len(batch),))
        clean = pictures.compose(preset.base_size, things, variants, backgrounds).to(device)
        image = table[things, variants, backgrounds]
        image = image + DISTURBANCE * torch.rand(len(batch), 1, device=device) * torch.randn_like(image)
        chance = torch.rand(len(batch))
        captions = [
            "" if draw < DROPPED_BOTH + DROPPED_TEXT else caption(pictures.names[thing], colours[colour], generator)
            for draw, (thing, colour) in zip(chance.tolist(), batch.tolist())
        ]
        without_image = ((chance < DROPPED_BOTH) | (chance > 1 - DROPPED_EMBEDDING)).to(device)
        image = torch.where(without_image[:, None], projection.learned_classifier_free_guidance_embeddings[None], image)
        text, states, mask = clip.encode(captions)
        timesteps = draw_timesteps(len(batch), NOISY_SHARE, device)
        sample = noised(clean, timesteps, torch.randn_like(clean))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            context, addition = projection(
                image_embeddings=image, prompt_embeds=text, text_encoder_hidden_states=states,
                do_classifier_free_guidance=False,
            )
            output = unet(
                sample, timesteps, encoder_hidden_states=context, class_labels=addition,
                attention_mask=F.pad(mask, (4, 0), value=True),
            ).sample
        predicted, fraction = output.float().chunk(2, 1)
        weight = signal_to_noise_weight(timesteps, 1, 5, device)
        error = (weight * (predicted - clean).pow(2).mean((1, 2, 3))).mean()
        return error + variance_loss(clean, predicted, fraction, timesteps)

    loop.run(loss, steps)
