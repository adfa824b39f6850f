"""Worlds and where their things come from: the installed font, or a pack of drawings."""

from pathlib import Path

from .data import grouping, noto, pack
from .data.naming import SYNONYMS_OF_ALL
from .presets import Preset
from .world import Rules, Thing, World

SYSTEM_FONT = pack.Source(
    "noto", "fonts-noto-color-emoji, unicode-cldr-core (as installed)",
    "SIL Open Font License 1.1 (drawings); Unicode License (names)", "https://github.com/googlefonts/noto-emoji")
# Well-known things whose shapes differ, for models that two cores can train.
FEW_THINGS = (
    "🍎 🍌 🍇 🍓 🍒 🍍 🍉 🍋 🍊 🥕 🌽 🍄 🍕 🍔 🍦 🍩 🎂 🍪 🥚 🧀 ☕ 🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐸 🐵 🐷 🐮 🦁 🐯 🐟 🐬 🐳 🐙 🦀 🐢 "
    "🐍 🦋 🐝 🐞 🐧 🦉 🐔 🐘 🦒 🐎 🚗 🚌 🚓 🚒 🚑 🚜 🚲 🚂 🚁 🚀 ⛵ 🚢 🏠 🏰 🌳 🌵 🌲 🌴 🌻 🌹 🌷 ☀ 🌙 ⭐ ☁ 🌈 ⛄ 🔥 💧 ❤ "
    "💎 👑 🎩 👟 👕 👓 ☂ 🎁 🎈 ⚽ 🏀 🎸 🎺 🥁 🎹 📷 💡 🔑 🔔 ⏰ 📕 ✂ 🔨 😀 😎 😢 😡 👻 🤖 👽 💀 🎃"
).split()

# What people call a thing, where that is not its name in the repository.
SYNONYMS = SYNONYMS_OF_ALL | {
    "snowman without snow": "snowman", "enraged": "angry face", "crying": "crying face", "tangerine": "orange fruit",
    "watermelon": "watermelon slice", "smiling face with sunglasses": "cool face", "grinning face": "happy face",
    "dog": "dog face", "cat": "cat face",
}


def few_things(rules: Rules, root: Path = Path("/")) -> World:
    """112 things of Noto Color Emoji, read from the installed font."""
    names, _ = noto.annotations(root)
    glyphs = noto.glyphs(root)
    things = []
    for index, character in enumerate(FEW_THINGS):
        name = names[character].lower()
        if name.endswith(" face") and name != "grinning face":
            name = name.removesuffix(" face")
        things.append(Thing([name, *([SYNONYMS[name]] if name in SYNONYMS else [])], [index]))
    pictures = [pack.fitted(glyphs[character]) for character in FEW_THINGS]
    return World(things, pack.premultiplied(pictures), rules, [SYSTEM_FONT])


def packed(folder: Path, rules: Rules) -> World:
    """All things of a pack."""
    whole = pack.Pack.load(folder)
    groups = grouping.grouped(whole.drawings)
    chosen = [index for group in groups for index in group.drawings]
    number = {index: place for place, index in enumerate(chosen)}
    things = [Thing(group.names, [number[index] for index in group.drawings]) for group in groups]
    return World(things, pack.premultiplied([whole.drawings[index].picture for index in chosen]), rules, whole.sources)


def for_preset(preset: Preset, folder: Path) -> World:
    """A preset's world; `folder` has the pack if it needs one."""
    return packed(folder, preset.rules) if preset.needs_pack else few_things(preset.rules)
