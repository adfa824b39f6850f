"""The evaluation at toy size: prompts that were held out, a recogniser that learns, figures in a card."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training.evaluate import nearest, report
from training.evaluate.answers import rates, right
from training.evaluate.cluster import binary
from training.evaluate.pictures import composed, distances, diversity, moved
from training.evaluate.prompts import combinations, held_out
from training.evaluate.recogniser import Recogniser, trained as trained_recogniser
from training.loop import Budget
from training.presets import PRESETS
from training.scenes import Background, Pattern, Relation, Scene
from training.world import Rules, World

from .conftest import ROOT, Trained

TOY = PRESETS["toy"]


def test_prompts_are_held_out_different_and_the_same_each_time(world: World) -> None:
    prompts = held_out(world, 60, seed=0)
    assert len({prompt.text for prompt in prompts}) == 60
    assert all(prompt.scene.is_held_out for prompt in prompts)
    assert [prompt.text for prompt in prompts] == [prompt.text for prompt in held_out(world, 60, seed=0)]
    assert len(combinations(prompts)) == len({prompt.scene.content for prompt in prompts})


def test_a_small_world_gives_all_that_it_has(world: World) -> None:
    few = World(world.things[:2], world.drawings[:2], Rules())
    assert 0 < len(held_out(few, 5000, seed=0)) < 200


def test_the_same_picture_said_otherwise_has_the_same_answers(world: World) -> None:
    plain, pair = Background(Pattern.PLAIN, (3,)), {"second": 5}
    left = Scene(4, plain, relation=Relation.LEFT, **pair)
    mirrored = Scene(5, plain, relation=Relation.RIGHT, second=4)
    striped, swapped = (Scene(1, Background(Pattern.STRIPED, colours)) for colours in ((2, 7), (7, 2)))
    answers = right([left, mirrored, striped, swapped], world)
    for values in vars(answers).values():
        assert values[0] == values[1] and values[2] == values[3]


def test_rates_count_only_what_is_asked_for(world: World) -> None:
    plain = Background(Pattern.PLAIN, (3,))
    scenes = [Scene(1, plain), Scene(2, plain, count=3), Scene(3, plain, second=4, relation=Relation.ABOVE)]
    expected = right(scenes, world)
    perfect = rates(expected, expected)
    assert (perfect.object, perfect.background, perfect.relation, perfect.count) == (100, 100, 100, 100)
    # The pair the other way round: both things are there, in the wrong relation.
    given = right([scenes[0], Scene(2, plain, count=2), Scene(4, plain, second=3, relation=Relation.ABOVE)], world)
    other = rates(given, expected)
    assert (other.object, other.relation, other.count) == (100, 0, 0)
    single = right([scenes[0]], world)
    assert rates(single, single).relation is None


def test_the_recogniser_learns_from_composed_scenes_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.evaluate.recogniser.BATCH", 24)
    few = World(world.things[:6], world.drawings[:6], Rules())
    budget = Budget(0, steps=200)
    seer = trained_recogniser(few, TOY, tmp_path, budget)
    scenes = [prompt.scene for prompt in held_out(few, 40, seed=3)]
    result = rates(seer.answers(composed(scenes, few, TOY)), right(scenes, few))
    # Chance is one in six and one in ten.
    assert result.object > 60 and result.background > 60 and result.count is None
    again = trained_recogniser(few, TOY, tmp_path, budget)
    assert torch.equal(again.heads["first"].weight, seer.heads["first"].weight)


def test_distances_and_diversity_are_none_for_equal_pictures(world: World) -> None:
    black, white = torch.full((1, 3, 64, 64), -1.0), torch.full((1, 3, 64, 64), 1.0)
    assert distances(black, white).item() == pytest.approx(1, abs=1e-5)
    seer = Recogniser(world).eval()
    pixels, features = diversity(black.expand(4, -1, -1, -1)[None], seer)
    assert pixels == pytest.approx(0, abs=1e-6) and features == pytest.approx(0, abs=1e-5)


def test_a_copy_of_a_training_picture_is_found(world: World, tmp_path: Path) -> None:
    few = World(world.things[:5], world.drawings[:5], Rules())
    scenes = nearest.training_scenes(few, 100)
    copy = moved(scenes, few, PRESETS["mini"], nearest.PLACES, seed=12)[7, 2:3]
    prompts = held_out(few, 1, seed=0)
    (found,), among = nearest.find(prompts, copy, few, PRESETS["mini"], among=100)
    assert found.scene.content == scenes[7].content and found.distance < 1e-6 and among <= 50 * nearest.PLACES
    nearest.draw([found], tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 500


def test_a_card_is_rewritten_between_its_markers_only(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("# Card\n")
    report.put(card, "figures", "old")
    report.put(card, "settings", "other")
    report.put(card, "figures", "new")
    text = card.read_text()
    assert text.startswith("# Card\n") and "old" not in text and "new" in text and "other" in text
    assert text.count(report.marker("figures")) == 1


@pytest.mark.skipif(binary() is None, reason="no atelier: build it, or name it in the environment variable ATELIER")
def test_a_whole_evaluation_by_a_cluster(trained: Trained, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    command = [
        sys.executable, "-m", "training.evaluate", "--model", trained.model, "--preset", "toy", "--work", tmp_path,
        "--prompts", "12", "--seeded", "2", "--steps", "20", "--threads", "1", "--card", card,
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    facts = json.loads((tmp_path / "toy" / "evaluation.json").read_text())
    assert facts["prompts"] == 12 and len(facts["wrong"]) <= 12
    assert facts["rendered"]["relation"] is None
    assert all(math.isfinite(facts["diversity"][key]) for key in ("pixels", "features"))
    assert (tmp_path / "toy" / "nearest.png").exists()
    subprocess.run([*command, "--sweep", "ddim,4,4,2,2,2", "ddpm,4,4,2,1,1"], cwd=ROOT, check=True)
    text = card.read_text()
    assert "| right object |" in text and "not in its world" in text and "| ddim | 4, 4, 2 |" in text
