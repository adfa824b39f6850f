"""Drawings of a pack become things with plain names."""

from pathlib import Path

import pytest
from PIL import Image

from training.data.grouping import MOST, grouped
from training.data.pack import Drawing, Pack, Source
from training.world import Rules
from training.worlds import packed


def drawing(name: str, source: str = "noto", group: str = "Food & Drink/food-fruit", shade: int = 200) -> Drawing:
    picture = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    picture.paste((shade, 30, 30, 255), (20, 20, 100, 100))
    return Drawing(name, source, name, group, [], picture)


def test_other_sources_join_an_emoji_by_name_and_by_synonym() -> None:
    groups = grouped([
        drawing("lemon", "openclipart", "food"), drawing("lemon"), drawing("red apple"), drawing("apple", "tuxpaint", "food"),
    ])
    assert [(group.names, group.drawings) for group in groups] == [(["lemon"], [1, 0]), (["red apple", "apple"], [2, 3])]


def test_what_cannot_be_taught_is_left_out() -> None:
    groups = grouped([
        drawing("flag: Chad", group="Flags/country-flag"), drawing("keycap: 1", group="Symbols/keycap"),
        drawing("three o'clock", group="Travel & Places/time"), drawing("alarm clock", group="Travel & Places/time"),
        drawing("creation", "openclipart", "people"), drawing("man and woman holding hands now"),
    ])
    assert [group.names for group in groups] == [["alarm clock"]]


def test_a_series_does_not_outweigh_the_rest() -> None:
    (group,) = grouped([drawing("dog"), *(drawing("dog", "openclipart", "animals") for _ in range(11))])
    assert len(group.drawings) == 1 + MOST


def test_a_pack_becomes_a_world_that_keeps_its_licences(tmp_path: Path) -> None:
    source = Source("noto", "fonts-noto-color-emoji 1", "OFL", "https://example.org")
    Pack([drawing("flag: Chad", group="Flags/country-flag"), drawing("pear"), drawing("lemon", shade=90)], [source]).save(tmp_path)
    world = packed(tmp_path, Rules(counts=0.2, pairs=0.3, sizes=0.3, patterns=0.3))
    assert [thing.names for thing in world.things] == [["lemon"], ["pear"]]
    assert world.drawings.shape == (2, 4, 128, 128)
    # Its own drawing: the lemon is the darker one.
    lemon, pear = (world.drawings[thing.drawings[0], 0, 64, 64].item() for thing in world.things)
    assert lemon == pytest.approx(90, abs=12) and pear == pytest.approx(200, abs=12)
    assert Pack.load(tmp_path).sources == [source]


def test_a_missing_pack_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="python -m training.data"):
        packed(tmp_path / "nowhere", Rules())
