"""Example prompts show every kind of scene that a world has, and nothing that was trained on."""

from training.examples import prompts
from training.world import Rules, World


def test_a_rich_world_shows_all_it_has(world: World) -> None:
    rich = World(world.things, world.drawings, Rules(counts=0.2, pairs=0.3, sizes=0.4, patterns=0.4))
    lines = prompts(rich)
    assert len(set(lines)) == 16 and lines == prompts(rich)
    text = "\n".join(lines)
    assert any(word in text for word in ("two ", "three ", "four "))
    assert any(word in text for word in ("left of", "right of", "above", "below", "under"))
    assert any(word in text for word in ("striped", "checkered", "dots"))


def test_a_plain_world_shows_single_things(world: World) -> None:
    assert not any(word in line for line in prompts(world) for word in ("two", "left", "striped"))
