"""Captions say what is shown, held-out combinations stay out, things stand where they should."""

import random
from dataclasses import replace

import pytest
import torch

from training.feed import contrasting
from training.language import plural, with_article
from training.scenes import COLOURS, MIRRORED, Background, Pattern, Placed, Relation, Scene, Size, caption
from training.world import Rules, World

EVERYTHING = Rules(counts=0.25, pairs=0.3, sizes=0.4, patterns=0.5)


@pytest.fixture(scope="module")
def rich(world: World) -> World:
    return World(world.things, world.drawings, EVERYTHING)


def test_training_never_sees_what_is_held_out(rich: World) -> None:
    chance = random.Random(0)
    for scene in [rich.scene(chance) for _ in range(3000)] + contrasting(rich, 600, chance):
        assert not scene.is_held_out
    assert all(rich.scene(chance, is_held_out=True).is_held_out for _ in range(100))
    anything = [rich._any(chance).is_held_out for _ in range(5000)]
    assert 0.07 < sum(anything) / len(anything) < 0.11


def test_the_same_picture_said_the_other_way_round_is_held_out_too() -> None:
    background = Background(Pattern.PLAIN, (3,))
    for first in range(20):
        for relation, mirrored in MIRRORED.items():
            scene = Scene(first, background, second=7 + first, relation=relation)
            other = Scene(7 + first, background, second=first, relation=mirrored)
            assert scene.is_held_out == other.is_held_out


def test_captions_name_things_counts_sizes_relations_and_backgrounds(rich: World) -> None:
    chance = random.Random(1)
    red, blue = list(COLOURS).index("red"), list(COLOURS).index("blue")
    plain = Background(Pattern.PLAIN, (red,))

    def text(**changes: object) -> set[str]:
        scene = replace(Scene(0, plain), **changes)
        return {caption(scene, "cat", "owl", chance) if "second" in changes else caption(scene, "cat", None, chance) for _ in range(200)}

    assert "a cat on a red background" in text()
    assert all("three cats" in line for line in text(count=3))
    assert all("small cat" in line or "little cat" in line for line in text(size=Size.SMALL))
    assert "a cat to the left of an owl on a red background" in text(second=1, relation=Relation.LEFT)
    assert "a cat on a red background with blue dots" in text(background=Background(Pattern.DOTTED, (red, blue)))
    striped = text(background=Background(Pattern.STRIPED, (red, blue)))
    assert {"a cat on a red and blue striped background", "a cat on a blue and red striped background"} <= striped


def test_every_word_of_a_caption_is_listed(rich: World) -> None:
    chance, known = random.Random(2), set(rich.words())
    for _ in range(2000):
        line = rich.caption(rich.scene(chance), chance).lower()
        for word in "".join(c if c.isalnum() or c in "-'" else " " for c in line).split():
            assert word in known, line


def test_things_stand_in_their_relation_apart_and_whole(rich: World) -> None:
    chance = random.Random(3)
    for _ in range(3000):
        scene = rich.scene(chance)
        for thing in scene.placed:
            assert thing.side / 2 <= min(thing.x, thing.y, 1 - thing.x, 1 - thing.y) + 0.01
        for index, one in enumerate(scene.placed):
            for other in scene.placed[index + 1 :]:
                apart = max(abs(one.x - other.x), abs(one.y - other.y))
                assert apart >= (one.side + other.side) / 2 - 1e-6
        assert len(scene.placed) == (2 if scene.relation else scene.count)
        if scene.relation:
            first, second = scene.placed
            assert {
                Relation.LEFT: first.x < second.x, Relation.RIGHT: first.x > second.x,
                Relation.ABOVE: first.y < second.y, Relation.BELOW: first.y > second.y,
            }[scene.relation]


def test_pictures_have_their_background_and_their_thing_in_its_place(rich: World) -> None:
    composer = rich.composer(64, torch.device("cpu"))
    green = list(COLOURS).index("green")
    picture = composer.of([Scene(0, Background(Pattern.PLAIN, (green,)), placed=(Placed(0, 0.5, 0.5, 0.7),))])[0]
    expected = torch.tensor(COLOURS["green"]) / 127.5 - 1
    corner = picture[:, :4, :4]
    assert torch.allclose(corner, expected[:, None, None].expand_as(corner), atol=1e-5)
    # A red apple in the middle.
    assert picture[0, 32, 32] > picture[1, 32, 32] + 0.5


@pytest.mark.parametrize("side", [0.1, 0.25, 0.5, 0.9])
def test_a_drawing_keeps_its_colour_and_share_at_any_size(world: World, side: float) -> None:
    composer = world.composer(128, torch.device("cpu"))
    values = torch.tensor([[0.5, 0.5, side]])
    layer = composer.atlas.sample(torch.tensor([0]), *values.T, 128)[0]
    drawing = world.drawings[0].float() / 255
    assert layer[3].mean() / side**2 == pytest.approx(drawing[3].mean().item(), rel=0.05)
    for channel in range(3):
        colour, expected = layer[channel].sum() / layer[3].sum(), drawing[channel].sum() / drawing[3].sum()
        assert colour.item() == pytest.approx(expected.item(), abs=0.02)
    outside = layer.clone()
    reach = int(64 * side) + 2
    outside[:, 64 - reach : 64 + reach, 64 - reach : 64 + reach] = 0
    assert outside.abs().max() == 0


@pytest.mark.parametrize("name, expected", [
    ("mouse", "mice"), ("fire engine", "fire engines"), ("strawberry", "strawberries"), ("fox", "foxes"),
    ("slice of pizza", "slices of pizza"), ("snowman", "snowmen"), ("tomato", "tomatoes"), ("bus", "buses"),
])
def test_plurals(name: str, expected: str) -> None:
    assert plural(name) == expected


@pytest.mark.parametrize("name, expected", [
    ("owl", "an owl"), ("unicorn", "a unicorn"), ("umbrella", "an umbrella"), ("grapes", "grapes"),
    ("hourglass", "an hourglass"), ("bus", "a bus"), ("one-piece swimsuit", "a one-piece swimsuit"),
])
def test_articles(name: str, expected: str) -> None:
    assert with_article(name) == expected
