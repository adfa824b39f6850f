"""The little English that captions need."""

import re

NUMBERS = {2: "two", 3: "three", 4: "four"}
IRREGULAR = {
    "mouse": "mice", "man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "leaf": "leaves", "wolf": "wolves", "knife": "knives", "loaf": "loaves",
    "scarf": "scarves", "half": "halves", "shelf": "shelves", "ox": "oxen", "fish": "fish", "sheep": "sheep",
    "deer": "deer", "aircraft": "aircraft", "shrimp": "shrimp", "squid": "squid", "piano": "pianos", "dodo": "dodos",
    "photo": "photos", "avocado": "avocados", "yo-yo": "yo-yos", "flamingo": "flamingos", "burrito": "burritos",
    "taco": "tacos", "kangaroo": "kangaroos", "bamboo": "bamboos", "radio": "radios", "igloo": "igloos",
    "rhino": "rhinos", "hippo": "hippos", "cactus": "cacti", "octopus": "octopuses",
}
# The plural is made of the noun before these: "slices of pizza".
LINKS = (" of ", " with ", " in ", " on ", " without ", " and ", " for ", " at ")


def number(count: int) -> str:
    return NUMBERS[count]


def is_plural(name: str) -> bool:
    """Whether a name is a plural already, or of a kind that is not counted ("scissors")."""
    last = _noun(name).split()[-1]
    return last.endswith("s") and not last.endswith(("ss", "us", "is"))


def with_article(name: str) -> str:
    """"an apple", "a unicorn", "grapes"."""
    if is_plural(name):
        return name
    is_vowel = re.match(r"[aeio]|u(?!ni|se|fo|tensil|kulele|ran)|hour", name.lower()) and not re.match(r"(one|eu|ewe)\b", name)
    return f"an {name}" if is_vowel else f"a {name}"


def plural(name: str) -> str:
    noun = _noun(name)
    rest, words = name[len(noun):], noun.split(" ")
    words[-1] = _plural_word(words[-1])
    return " ".join(words) + rest


def _noun(name: str) -> str:
    cuts = [name.index(link) for link in LINKS if link in name]
    return name[: min(cuts)] if cuts else name


def _plural_word(word: str) -> str:
    for suffix in ("woman", "man", *IRREGULAR):
        if word == suffix or (word.endswith(suffix) and suffix in ("man", "woman", "fish")):
            return word.removesuffix(suffix) + IRREGULAR[suffix]
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]o$", word):
        return word + "es"
    return word + "s"
