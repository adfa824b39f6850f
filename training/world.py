"""The small world that the starter model knows: things, background colours, captions."""

import random
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ANNOTATIONS = Path("/usr/share/unicode/cldr/common")

# Well-known things whose shapes differ. Names come from Unicode's Common Locale Data Repository.
THINGS = (
    "🍎 🍌 🍇 🍓 🍒 🍍 🍉 🍋 🍊 🥕 🌽 🍄 🍕 🍔 🍦 🍩 🎂 🍪 🥚 🧀 ☕ 🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐸 🐵 🐷 🐮 🦁 🐯 🐟 🐬 🐳 🐙 🦀 🐢 "
    "🐍 🦋 🐝 🐞 🐧 🦉 🐔 🐘 🦒 🐎 🚗 🚌 🚓 🚒 🚑 🚜 🚲 🚂 🚁 🚀 ⛵ 🚢 🏠 🏰 🌳 🌵 🌲 🌴 🌻 🌹 🌷 ☀ 🌙 ⭐ ☁ 🌈 ⛄ 🔥 💧 ❤ "
    "💎 👑 🎩 👟 👕 👓 ☂ 🎁 🎈 ⚽ 🏀 🎸 🎺 🥁 🎹 📷 💡 🔑 🔔 ⏰ 📕 ✂ 🔨 😀 😎 😢 😡 👻 🤖 👽 💀 🎃"
).split()

COLOURS = {
    "red": (214, 40, 40), "orange": (247, 140, 32), "yellow": (250, 214, 60), "green": (56, 158, 74),
    "blue": (44, 92, 200), "purple": (128, 62, 170), "pink": (246, 160, 190), "white": (250, 250, 250),
    "grey": (140, 140, 140), "black": (18, 18, 18),
}

# What people call a thing, where that is not its name in the repository.
SYNONYMS = {
    "automobile": "car", "spouting whale": "whale", "ear of corn": "corn", "cheese wedge": "cheese",
    "hot beverage": "cup of coffee", "lady beetle": "ladybug", "deciduous tree": "tree", "soft ice cream": "ice cream",
    "snowman without snow": "snowman", "wrapped gift": "gift", "gem stone": "diamond", "closed book": "book",
    "enraged": "angry face", "crying": "crying face", "jack-o-lantern": "pumpkin", "fire engine": "fire truck",
    "droplet": "water drop", "musical keyboard": "piano keyboard", "locomotive": "train", "soccer ball": "football",
    "honeybee": "bee", "hamburger": "burger", "evergreen tree": "pine tree", "running shoe": "shoe",
    "crescent moon": "moon", "doughnut": "donut", "tangerine": "orange fruit", "watermelon": "watermelon slice",
    "smiling face with sunglasses": "cool face", "grinning face": "happy face", "dog": "dog face", "cat": "cat face",
}

TEMPLATES = (
    "a {thing} on a {colour} background", "{thing} on a {colour} background", "a picture of a {thing} on {colour}",
    "{thing}, {colour} background", "a {colour} background with a {thing}", "{thing} on {colour}",
)


def repository_names() -> dict[str, str]:
    """The short name of every annotated character."""
    names: dict[str, str] = {}
    for folder in ("annotations", "annotationsDerived"):
        path = ANNOTATIONS / folder / "en.xml"
        if not path.exists():
            raise SystemExit(f"Cannot read {path}: install the Debian package unicode-cldr-core.")
        for entry in ElementTree.parse(path).iter("annotation"):
            if entry.get("type") == "tts" and entry.text:
                names[entry.get("cp", "")] = entry.text
    return names


def thing_names() -> list[str]:
    """Names of THINGS, in their order."""
    repository = repository_names()
    names = []
    for character in THINGS:
        name = repository.get(character) or repository.get(character + "\ufe0f") or ""
        if name.endswith(" face") and name != "grinning face":
            name = name.removesuffix(" face")
        names.append(name.lower().replace("’", "'"))
    return names


def is_held_out(thing: int, colour: int) -> bool:
    """Combinations that are never trained on, about one in eleven, spread over all things and colours."""
    return (thing * 7 + colour * 3) % 11 == 0


def trained_pairs() -> list[tuple[int, int]]:
    """All (thing, colour) that are trained on."""
    return [
        (thing, colour)
        for thing in range(len(THINGS))
        for colour in range(len(COLOURS))
        if not is_held_out(thing, colour)
    ]


def caption(name: str, colour: str, generator: random.Random) -> str:
    """One of the ways to say what a picture shows."""
    if name in SYNONYMS and generator.random() < 0.5:
        name = SYNONYMS[name]
    text = generator.choice(TEMPLATES).format(thing=name, colour=colour)
    return re.sub(r"\ba (?=[aeio]|umb)", "an ", text)
