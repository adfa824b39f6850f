"""Drawings of a pack as things: which of them show the same, what it is called, and which are worth teaching."""

import collections
import re
from dataclasses import dataclass

from .naming import SYNONYMS_OF_ALL
from .pack import Drawing

# Noto's groups of things that can stand on a background, are told apart by shape, and have plain names.
GROUPS = ("Animals & Nature", "Food & Drink", "Travel & Places", "Activities", "Objects", "Smileys & Emotion")
# Of these, what differs by a detail only (faces of clocks) or shows writing.
SKIPPED = ("Travel & Places/time", "Travel & Places/place-map")
KEPT_OF_SKIPPED = {"hourglass done", "watch", "alarm clock", "stopwatch", "timer clock", "mantelpiece clock", "globe"}
# The most drawings of a thing from each source: series would outweigh everything else.
MOST = 4
LONGEST = 3  # words
# What people call a thing, where Unicode has another name.
SYNONYMS = SYNONYMS_OF_ALL | {
    "red heart": "heart", "red apple": "apple", "sport utility vehicle": "jeep", "sailboat": "sail boat",
    "racing car": "sports car",
}


@dataclass
class Group:
    """One thing: its names, the usual one first, and the numbers of its drawings in the pack."""

    names: list[str]
    drawings: list[int]


def usual(name: str) -> str:
    """A name without what tells emoji apart and says nothing of the drawing ("dog face" beside "dog" stays)."""
    name = re.sub(r"[“”\"!,:]", "", name.lower()).strip()
    return re.sub(r"\s+", " ", name)


def is_taught(drawing: Drawing) -> bool:
    if drawing.source != "noto":
        return True
    group = drawing.group
    is_kept = group.startswith(GROUPS) and (not group.startswith(SKIPPED) or drawing.name in KEPT_OF_SKIPPED)
    return is_kept and bool(re.fullmatch(r"[a-z][a-z' -]+", usual(drawing.name)))


def grouped(drawings: list[Drawing]) -> list[Group]:
    """Every fit emoji, joined by other sources' drawings of the same name or synonym.

    What only clip art and stamps have is left out: their titles are as often a series, a joke or another language as a
    name, and a name with a single unusual drawing cannot be checked. In order of name, so that what is held out stays
    the same.
    """
    found: dict[str, Group] = {}
    for index, drawing in enumerate(drawings):
        name = usual(drawing.name)
        if drawing.source == "noto" and is_taught(drawing) and len(name.split()) <= LONGEST:
            found.setdefault(name, Group([name], [])).drawings.append(index)
    called = {name: name for name in found}
    for name, synonym in SYNONYMS.items():
        if name in found and synonym not in found:
            found[name].names.append(synonym)
            called[synonym] = name
    taken: collections.Counter[tuple[str, str]] = collections.Counter()
    for index, drawing in enumerate(drawings):
        name = called.get(usual(drawing.name))
        if drawing.source == "noto" or name is None or taken[drawing.source, name] == MOST:
            continue
        taken[drawing.source, name] += 1
        found[name].drawings.append(index)
    return [found[name] for name in sorted(found)]
