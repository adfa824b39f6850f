"""Noto Color Emoji: bitmaps of characters and sequences, named by Unicode's Common Locale Data Repository."""

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image

from .pack import Drawing, fitted

FONT = Path("usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
ANNOTATIONS = Path("usr/share/unicode/cldr/common")
GROUPS = Path("usr/share/unicode/emoji/emoji-test.txt")
SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
VARIATION = "\ufe0f"


def annotations(root: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Short name and keywords of every annotated sequence, without variation selectors."""
    names: dict[str, str] = {}
    keywords: dict[str, list[str]] = {}
    for folder in ("annotations", "annotationsDerived"):
        path = root / ANNOTATIONS / folder / "en.xml"
        if not path.exists():
            raise SystemExit(f"Cannot read {path}: install the Debian package unicode-cldr-core.")
        for entry in ElementTree.parse(path).iter("annotation"):
            sequence, text = entry.get("cp", "").replace(VARIATION, ""), (entry.text or "").strip().replace("’", "'")
            if entry.get("type") == "tts":
                names[sequence] = text
            else:
                keywords[sequence] = [word.strip() for word in text.split("|")]
    return names, keywords


def groups(root: Path) -> dict[str, str]:
    """Unicode's group and subgroup of every emoji, such as "Food & Drink/food-fruit"."""
    path = root / GROUPS
    if not path.exists():
        raise SystemExit(f"Cannot read {path}: install the Debian package unicode-data.")
    found, group, subgroup = {}, "", ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif line.startswith("# subgroup: "):
            subgroup = line.removeprefix("# subgroup: ")
        elif match := re.match(r"([0-9A-F ]+?) *;", line):
            sequence = "".join(chr(int(code, 16)) for code in match[1].split())
            found[sequence.replace(VARIATION, "")] = f"{group}/{subgroup}"
    return found


def ligatures(font: TTFont) -> dict[str, str]:
    """Glyph of every sequence of several characters, without variation selectors."""
    characters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    found: dict[str, str] = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            for first, choices in getattr(table, "ligatures", {}).items():
                for choice in choices:
                    glyphs = [first, *choice.Component]
                    if all(glyph in characters for glyph in glyphs):
                        sequence = "".join(characters[glyph] for glyph in glyphs).replace(VARIATION, "")
                        found.setdefault(sequence, choice.LigGlyph)
    return found


def glyphs(root: Path) -> dict[str, Image.Image]:
    """The bitmap, 136x128, of every character and sequence that has one."""
    path = root / FONT
    if not path.exists():
        raise SystemExit(f"Cannot read {path}: install the Debian package fonts-noto-color-emoji.")
    font = TTFont(path, lazy=True)
    strike = font["CBDT"].strikeData[0]
    sequences = {chr(code): glyph for code, glyph in font.getBestCmap().items()} | ligatures(font)
    return {
        sequence: Image.open(io.BytesIO(strike[glyph].imageData))
        for sequence, glyph in sequences.items() if glyph in strike
    }


def drawings(root: Path) -> list[Drawing]:
    """Every emoji with a name and a group; of those that differ by skin tone, the one without."""
    names, keywords = annotations(root)
    group_of, seen, found = groups(root), set(), []
    for sequence, bitmap in glyphs(root).items():
        if sequence not in names or sequence not in group_of or SKIN_TONES & set(sequence):
            continue
        picture = fitted(bitmap)
        if picture is None or picture.tobytes() in seen:
            continue
        seen.add(picture.tobytes())
        code = "-".join(f"{ord(character):x}" for character in sequence)
        found.append(
            Drawing(names[sequence].lower(), "noto", code, group_of[sequence], keywords.get(sequence, []), picture))
    return found
