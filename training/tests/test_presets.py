"""Presets keep to their sizes."""

import pytest
import torch

from training import decoder, prior, upsampler
from training.clip import Clip
from training.presets import PRESETS
from training.words import Words


class Vocabulary:
    """As many tokens as a preset's tokenizer has."""

    bos_token_id, eos_token_id, pad_token_id = 0, 1, 1

    def __init__(self, merges: int):
        self.size = 512 + merges + 2

    def __len__(self) -> int:
        return self.size


@pytest.mark.parametrize("name, most", [("mini", 30), ("base", 60)])
def test_a_model_has_at_most_so_many_megabytes_in_half_precision(name: str, most: float) -> None:
    preset = PRESETS[name]
    with torch.device("meta"):
        clip = Clip(preset, Vocabulary(preset.merges), Words({}, 0, 1, preset.tokens))
        parts = [clip.text, clip.vision, prior.make(preset), *decoder.make(preset)]
        stages = [upsampler.make(stage, preset.groups) for stage in preset.upsamplers]
    # The first upsampler is saved twice.
    values = sum(value.numel() for part in [*parts, *stages, stages[0]] for value in part.parameters())
    assert 2 * values / 1e6 < most


def test_a_limit_makes_batches_smaller_and_never_larger() -> None:
    limited = PRESETS["base"].limited(100)
    assert limited.clip_batch == limited.decoder_batch == 100
    assert limited.upsamplers[0].batch == PRESETS["base"].upsamplers[0].batch
