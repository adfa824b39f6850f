"""Sizes of the models. One place, so that the same code makes a small and a large one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """What a model is made of, and how its time is shared out."""

    name: str
    # Pictures
    base_size: int  # side of the decoder's pictures
    full_size: int  # side of the upsampler's pictures
    variants: int  # placements drawn of each thing
    decoder_variants: int  # of these, placements that the decoder learns: fewer are learned sooner
    # CLIP: one width for text states, embeddings and the prior's inputs
    width: int
    heads: int
    text_layers: int
    vision_layers: int
    vision_size: int
    vision_patch: int
    merges: int  # byte-pair merges beyond the 512 byte tokens
    # Prior
    prior_layers: int
    prior_heads: int
    prior_head_width: int
    # Decoder
    decoder_channels: tuple[int, ...]
    decoder_blocks: int
    decoder_head_width: int
    # Upsampler
    upsampler_channels: tuple[int, ...]
    upsampler_crop: int
    groups: int
    # Training
    clip_batch: int
    prior_batch: int
    decoder_batch: int
    upsampler_batch: int
    # Shares of the time budget
    clip_share: float = 0.10
    prior_share: float = 0.08
    decoder_share: float = 0.57
    upsampler_share: float = 0.25


PRESETS = {
    "toy": Preset(
        name="toy", base_size=16, full_size=32, variants=2, decoder_variants=2, width=32, heads=2, text_layers=1, vision_layers=1,
        vision_size=32, vision_patch=8, merges=64, prior_layers=1, prior_heads=2, prior_head_width=16,
        decoder_channels=(16, 32), decoder_blocks=1, decoder_head_width=16, upsampler_channels=(16, 32),
        upsampler_crop=32, groups=8, clip_batch=32, prior_batch=32, decoder_batch=16, upsampler_batch=8,
    ),
    "mini": Preset(
        name="mini", base_size=32, full_size=128, variants=12, decoder_variants=2, width=192, heads=6, text_layers=3, vision_layers=4,
        vision_size=64, vision_patch=8, merges=512, prior_layers=4, prior_heads=4, prior_head_width=64,
        decoder_channels=(48, 96, 144), decoder_blocks=1, decoder_head_width=48, upsampler_channels=(32, 48, 64),
        upsampler_crop=64, groups=16, clip_batch=192, prior_batch=96, decoder_batch=32, upsampler_batch=12,
    ),
    "base": Preset(
        name="base", base_size=64, full_size=256, variants=32, decoder_variants=32, width=256, heads=8, text_layers=4, vision_layers=6,
        vision_size=64, vision_patch=8, merges=1024, prior_layers=8, prior_heads=6, prior_head_width=64,
        decoder_channels=(64, 128, 192, 256), decoder_blocks=2, decoder_head_width=32,
        upsampler_channels=(32, 64, 96), upsampler_crop=128, groups=16, clip_batch=512, prior_batch=512,
        decoder_batch=256, upsampler_batch=64,
    ),
}
