"""Sizes of the models. One place, so that the same code makes a small and a large one."""

from dataclasses import dataclass, replace
from typing import Literal

from .world import Rules


@dataclass(frozen=True)
class Enlargement:
    """An upsampler: one step of the cascade."""

    size: int  # side of its pictures
    channels: tuple[int, ...]
    crop: int  # side of the windows that it trains on
    batch: int
    # How its low-resolution input is corrupted in training; see corruption.py.
    corruption: tuple[Literal["blur", "noise", "diverse"], ...]


@dataclass(frozen=True)
class Preset:
    """What a model is made of, and how its time is shared out."""

    name: str
    # The world
    needs_pack: bool  # whether it is taught a pack of drawings rather than the few things of the font
    rules: Rules
    # Pictures
    base_size: int  # side of the decoder's pictures
    # CLIP: one width for text states, embeddings and the prior's inputs
    width: int
    heads: int
    text_layers: int
    vision_layers: int
    vision_size: int
    vision_patch: int
    merges: int  # byte-pair merges beyond the 512 byte tokens
    tokens: int  # the most of a caption
    # Prior
    prior_layers: int
    prior_heads: int
    prior_head_width: int
    # Decoder
    decoder_channels: tuple[int, ...]
    decoder_blocks: int
    attention_size: int  # side of the largest pictures that the decoder's attention looks at
    decoder_head_width: int
    # What decoder and upsampler predict: the noise, as in the papers, or the clean picture, which has outlines
    # sooner where training is short.
    prediction: Literal["epsilon", "sample"]
    upsamplers: tuple[Enlargement, ...]
    groups: int
    # Training
    clip_batch: int
    prior_batch: int
    decoder_batch: int
    # How much of the time budget each part gets, relative to the others
    clip_share: float = 0.10
    prior_share: float = 0.08
    decoder_share: float = 0.67
    upsampler_share: float = 0.15

    def limited(self, batch: int) -> "Preset":
        """The same with no batch larger than so many: to try a preset on a machine that is too small to train it."""
        return replace(
            self, clip_batch=min(batch, self.clip_batch), prior_batch=min(batch, self.prior_batch),
            decoder_batch=min(batch, self.decoder_batch),
            upsamplers=tuple(replace(stage, batch=min(batch, stage.batch)) for stage in self.upsamplers))

    @property
    def full_size(self) -> int:
        return self.upsamplers[-1].size

    @property
    def sketch_size(self) -> int:
        """Side of the pictures that CLIP, prior and decoder are shown, before they are shrunk to their sizes."""
        return min(self.full_size, 2 * max(self.base_size, self.vision_size))

    @property
    def shares(self) -> dict[str, float]:
        return {
            "clip": self.clip_share, "prior": self.prior_share, "decoder": self.decoder_share,
            "upsampler": self.upsampler_share,
        }


PRESETS = {
    "toy": Preset(
        name="toy", needs_pack=False, rules=Rules(), base_size=16, width=32, heads=2, text_layers=1,
        vision_layers=1, vision_size=32, vision_patch=8, merges=64, tokens=40, prior_layers=1, prior_heads=2,
        prior_head_width=16, decoder_channels=(16, 32), decoder_blocks=1, attention_size=8, decoder_head_width=16,
        prediction="epsilon",
        upsamplers=(
            Enlargement(32, channels=(16, 32), crop=32, batch=8, corruption=("blur",)),
            Enlargement(64, channels=(16, 32), crop=32, batch=8, corruption=("diverse",)),
        ),
        groups=8, clip_batch=32, prior_batch=64, decoder_batch=16,
    ),
    "mini": Preset(
        name="mini", needs_pack=False, rules=Rules(), base_size=32, width=192, heads=6, text_layers=3,
        vision_layers=4, vision_size=64, vision_patch=8, merges=512, tokens=24, prior_layers=4, prior_heads=4,
        prior_head_width=64, decoder_channels=(48, 96, 144), decoder_blocks=1, attention_size=16, decoder_head_width=48,
        prediction="sample",
        upsamplers=(Enlargement(128, channels=(32, 48, 64), crop=64, batch=12, corruption=("blur", "noise")),),
        groups=16, clip_batch=192, prior_batch=96, decoder_batch=32,
    ),
    "base": Preset(
        name="base", needs_pack=True, rules=Rules(counts=0.15, pairs=0.25, sizes=0.3, patterns=0.35),
        base_size=64, width=256, heads=8, text_layers=3, vision_layers=5, vision_size=64, vision_patch=8, merges=2048, tokens=40,
        prior_layers=5, prior_heads=4, prior_head_width=64, decoder_channels=(32, 64, 128, 256), decoder_blocks=1,
        attention_size=16, decoder_head_width=32, prediction="sample",
        upsamplers=(Enlargement(256, channels=(32, 64, 96), crop=128, batch=64, corruption=("blur", "noise")),),
        groups=16, clip_batch=1024, prior_batch=1024, decoder_batch=512, decoder_share=0.80, upsampler_share=0.07,
    ),
}
