"""The decoder: a U-Net from an image embedding and text states to a small picture.

Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.1, with the learned range of
variances of Improved Denoising Diffusion Probabilistic Models (2021). It predicts the noise; or, by the preset, the
clean picture: on two cores the former gives nothing to look at for long.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.pipelines.deprecated.unclip import UnCLIPTextProjModel

from .arrays import Examples
from .clip import Clip
from .compiling import Compiling
from .compose import shrunk
from .conditions import chosen, drop_embeddings, drop_texts
from .diffusion import TIMESTEPS, clean_from, draw_timesteps, noised, signal_to_noise_weight, variance_loss
from .feed import Feed, Recipe
from .loop import Budget, Loop
from .muon import Muon
from .precision import mixed
from .presets import Preset
from .texts import Texts
from .world import World

LEARNING_RATE = 1.5e-3
# Of the examples, as in the paper.
DROPPED_TEXTS, DROPPED_EMBEDDINGS = 0.5, 0.1
# Embeddings are disturbed a little, since the prior's are not perfect.
DISTURBANCE = 0.15
# Of the timesteps drawn where it predicts the clean picture. Details and colours are learned soon; outlines, which the noisiest steps decide, late.
NOISY_SHARE = 0.65


def make(preset: Preset) -> tuple[UNet2DConditionModel, UnCLIPTextProjModel]:
    # Attention costs with the square of a picture's pixels; from some side down it is worth it.
    sides = [preset.base_size >> level for level in range(len(preset.decoder_channels))]
    has_attention = [side <= preset.attention_size for side in sides]
    unet = UNet2DConditionModel(
        sample_size=preset.base_size, in_channels=3, out_channels=6,
        down_block_types=tuple(
            "SimpleCrossAttnDownBlock2D" if attends else "ResnetDownsampleBlock2D" for attends in has_attention),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=tuple(
            "SimpleCrossAttnUpBlock2D" if attends else "ResnetUpsampleBlock2D" for attends in reversed(has_attention)),
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
    unet: UNet2DConditionModel, projection: UnCLIPTextProjModel, clip: Clip, world: World, preset: Preset,
    folder: Path, budget: Budget, processes: int = 0, compiling: Compiling = Compiling(),
) -> None:
    device = unet.device
    loop = Loop(
        "decoder", folder, [unet, projection], budget, LEARNING_RATE, warmup=200, optimizer=Muon, seed=4,
        compiling=compiling, compiled=[unet])
    composer = world.composer(preset.sketch_size, device)
    recipe = Recipe(world.without_drawings, clip.words, preset.decoder_batch, seed=4)

    def loss(examples: Examples) -> torch.Tensor:
        pictures = composer.pictures(examples.arrays)
        image = clip.look(pictures)
        disturbance = DISTURBANCE * torch.rand(len(image), 1, device=device)
        image = image + disturbance * torch.randn_like(image)
        clean, texts = shrunk(pictures, preset.base_size), clip.texts(examples)
        return loss_of(unet, projection, clip, clean, image, texts, preset.prediction)

    with Feed(recipe, loop.step, processes) as batches:
        loop.run(lambda: loss(next(batches)))


def predict(
    unet: UNet2DConditionModel, projection: UnCLIPTextProjModel, image: torch.Tensor,
    encoded: tuple[torch.Tensor, torch.Tensor, torch.Tensor], sample: torch.Tensor, timesteps: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the decoder says of noised pictures: its prediction and the fraction of the variances' range.

    `encoded` are the texts' embeddings, states and mask.
    """
    text, states, mask = encoded
    with mixed(sample.device):
        context, addition = projection(
            image_embeddings=image, prompt_embeds=text, text_encoder_hidden_states=states,
            do_classifier_free_guidance=False,
        )
        output = unet(
            sample, timesteps, encoder_hidden_states=context, class_labels=addition,
            attention_mask=F.pad(mask, (4, 0), value=True),
        ).sample
    return output.float().chunk(2, 1)


@torch.no_grad()
def redrawn(
    unet: UNet2DConditionModel, projection: UnCLIPTextProjModel, clip: Clip, small: torch.Tensor, image: torch.Tensor,
    texts: Texts, prediction: str,
) -> torch.Tensor:
    """The pictures `small`, noised and denoised again in two steps: with the decoder's own faults, in their places.

    Each begins at a timestep of the less noisy half, where shapes stay and edges are drawn anew.
    """
    device, count = small.device, len(small)
    encoded = clip.encode(texts)
    timesteps = torch.randint(TIMESTEPS // 10, TIMESTEPS // 2, (count,), device=device)
    for _ in range(2):
        sample = noised(small, timesteps, torch.randn_like(small))
        predicted, _ = predict(unet, projection, image, encoded, sample, timesteps)
        small = clean_from(predicted, sample, timesteps, prediction).clamp(-1, 1)
        timesteps = timesteps // 2
    return small


def loss_of(
    unet: UNet2DConditionModel, projection: UnCLIPTextProjModel, clip: Clip, clean: torch.Tensor, image: torch.Tensor,
    texts: Texts, prediction: str,
) -> torch.Tensor:
    """Of pictures with their embeddings and captions: the hybrid objective of Nichol and Dhariwal."""
    device, count = clean.device, len(clean)
    encoded = clip.encode(drop_texts(texts, chosen(count, DROPPED_TEXTS, device)))
    image = drop_embeddings(
        image, chosen(count, DROPPED_EMBEDDINGS, device), projection.learned_classifier_free_guidance_embeddings)
    is_noise = prediction == "epsilon"
    timesteps = draw_timesteps(count, 0 if is_noise else NOISY_SHARE, device)
    noise = torch.randn_like(clean)
    sample = noised(clean, timesteps, noise)
    predicted, fraction = predict(unet, projection, image, encoded, sample, timesteps)
    error = (predicted - (noise if is_noise else clean)).pow(2).mean((1, 2, 3))
    if not is_noise:
        error = signal_to_noise_weight(timesteps, 1, 5, device) * error
    return error.mean() + variance_loss(clean, clean_from(predicted, sample, timesteps, prediction), fraction, timesteps)
