"""What processes feed is what one alone would make, and says what it shows."""

import random

import numpy
import pytest
import torch
from transformers import CLIPTokenizer

from training import bytepairs
from training.arrays import Arrays, Examples
from training.feed import Feed, Recipe
from training.presets import PRESETS
from training.words import Words
from training.world import Rules, World

RICH = Rules(counts=0.25, pairs=0.3, sizes=0.4, patterns=0.5)


@pytest.fixture(scope="module")
def rich(world: World) -> World:
    return World(world.things, world.drawings, RICH)


@pytest.fixture(scope="module")
def tokenizer(rich: World, tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    return bytepairs.make(rich, PRESETS["mini"], tmp_path_factory.mktemp("tokenizer"))


def same(one: Examples, other: Examples) -> bool:
    return all(
        numpy.array_equal(getattr(a, name), getattr(b, name))
        for a, b in ((one.arrays, other.arrays), (one, other)) for name in vars(a) if name != "arrays")


def test_tokens_of_cached_words_are_the_tokenizers(rich: World, tokenizer: CLIPTokenizer) -> None:
    words, chance = Words.of(tokenizer, rich, 40), random.Random(0)
    for _ in range(1000):
        caption = rich.caption(rich.scene(chance), chance)
        ids, length = words.row(caption)
        assert ids[:length] == tokenizer(caption)["input_ids"], caption
        assert set(ids[length:]) <= {tokenizer.pad_token_id}


def test_a_caption_that_is_too_long_is_named(rich: World, tokenizer: CLIPTokenizer) -> None:
    with pytest.raises(ValueError, match="a red apple.*expected at most 3"):
        Words.of(tokenizer, rich, 3).row("a red apple")


@pytest.mark.parametrize("is_contrasting", [False, True])
def test_processes_feed_what_one_alone_makes_from_any_number_on(
    rich: World, tokenizer: CLIPTokenizer, is_contrasting: bool
) -> None:
    recipe = Recipe(rich.without_drawings, Words.of(tokenizer, rich, 40), 8, 1, is_contrasting)
    with Feed(recipe, 5, processes=2) as batches:
        fed = [next(batches) for _ in range(4)]
    assert all(same(batch, recipe.batch(number)) for number, batch in enumerate(fed, start=5))
    assert not same(fed[0], fed[1])


def test_a_process_that_died_is_an_error_not_a_wait(rich: World, tokenizer: CLIPTokenizer, monkeypatch) -> None:
    monkeypatch.setattr("training.feed.PATIENCE", 0.2)
    with Feed(Recipe(rich.without_drawings, Words.of(tokenizer, rich, 3), 8, 1), 0, processes=1) as batches:
        with pytest.raises(RuntimeError, match="ended with status 1"):
            next(batches)


def test_a_picture_does_not_depend_on_its_batch(rich: World) -> None:
    chance, generator = random.Random(4), numpy.random.default_rng(0)
    scenes = [rich.scene(chance) for _ in range(12)]
    phases = generator.random((12, 3))
    composer = rich.composer(32, torch.device("cpu"))
    whole = composer.pictures(Arrays.of(scenes, phases))
    for row, scene in enumerate(scenes):
        alone = composer.pictures(Arrays.of([scene], phases[row : row + 1]))[0]
        assert torch.allclose(alone, whole[row], atol=1e-6)
