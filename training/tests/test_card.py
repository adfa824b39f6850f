"""A card says what the weights have seen, also those that they began with."""

from pathlib import Path

from training.card import marker, part_table, record_data, seen_before
from training.data.pack import Source

from .conftest import ROOT

NOTO = Source("noto", "fonts-noto 1", "OFL", "https://noto.example")
STAMPS = Source("tuxpaint", "stamps 2", "GPL-2", "https://stamps.example")


def model(folder: Path, text: str = "") -> Path:
    folder.mkdir()
    (folder / "README.md").write_text(text)
    return folder


def test_what_an_earlier_training_saw_stays_said(tmp_path: Path) -> None:
    first, second, third = (model(tmp_path / name) for name in ("first", "second", "third"))
    record_data(first, [NOTO, STAMPS], None)
    record_data(second, [NOTO], first)
    record_data(third, [NOTO], second)
    assert seen_before(third) == [
        "- fonts-noto 1: OFL (https://noto.example)", "- stamps 2: GPL-2 (https://stamps.example)"]


def test_a_model_that_goes_on_in_its_own_folder_says_each_source_once(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "# Card\n")
    for _ in range(3):
        record_data(folder, [NOTO], folder)
    text = (folder / "README.md").read_text()
    assert text.startswith("# Card\n") and text.count("fonts-noto 1") == 1 == text.count(marker("data", "training"))


def test_a_card_that_people_wrote_is_repeated_in_its_words(tmp_path: Path) -> None:
    start = model(tmp_path / "start", "# Model\n\n## Data and licences\n- Emoji (OFL)\n- Stamps\n  (GPL 2)\n\n## Limits\n")
    (line,) = seen_before(start)
    assert '"- Emoji (OFL) - Stamps (GPL 2)"' in line
    assert "Data: stamps (GPL 2)" in seen_before(model(tmp_path / "other", "# Parts\nData: stamps (GPL 2)"))[0]
    assert "no card" in seen_before(model(tmp_path / "silent"))[0]


def test_the_table_of_parts_counts_them_all() -> None:
    table = part_table(ROOT / "models" / "starter")
    assert "| decoder | 5.2 million | 32x32, channels 48/96/144 |" in table and "| prior |" in table
