"""A small byte-pair vocabulary in CLIP's format, learned from the captions.

Neural Machine Translation of Rare Words with Subword Units (2016); the byte alphabet is GPT-2's, so any
text can be encoded.
"""

import collections
import json
import random
import re
from pathlib import Path

from transformers import CLIPTokenizer

from .presets import Preset
from .world import World


def byte_alphabet() -> list[str]:
    """A printable character for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in characters:
            characters[byte] = chr(256 + len(characters) - len(printable))
    return [characters[byte] for byte in printable] + [
        characters[byte] for byte in range(256) if byte not in set(printable)
    ]


def word_counts(world: World, captions: int = 20_000) -> collections.Counter[str]:
    """Words of so many captions, and once each of all that captions can have."""
    chance = random.Random(6)
    words = collections.Counter(word for entry in world.words() for word in re.findall(r"[^\W\d_]+", entry))
    for _ in range(captions):
        text = world.caption(world.scene(chance), chance).lower()
        words.update(re.findall(r"[^\W\d_]+|\d|[^\s\w]+", text))
    return words


def learn_merges(words: collections.Counter[str], count: int) -> list[tuple[str, str]]:
    """The most frequent pair of neighbours becomes one token, again and again."""
    spellings = {word: (*word[:-1], word[-1] + "</w>") for word in words}
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: collections.Counter[tuple[str, str]] = collections.Counter()
        for word, spelling in spellings.items():
            for pair in zip(spelling, spelling[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        spellings = {word: merged(spelling, best) for word, spelling in spellings.items()}
    return merges


def merged(spelling: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    result: list[str] = []
    for token in spelling:
        if result and (result[-1], token) == pair:
            result[-1] += token
        else:
            result.append(token)
    return tuple(result)


def make(world: World, preset: Preset, folder: Path) -> CLIPTokenizer:
    """Writes vocab.json, merges.txt and the other files of a CLIP tokenizer."""
    merges = learn_merges(word_counts(world), preset.merges)
    alphabet = byte_alphabet()
    tokens = [
        *alphabet, *(token + "</w>" for token in alphabet), *("".join(pair) for pair in merges),
        "<|startoftext|>", "<|endoftext|>",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in merges) + "\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    tokenizer.save_pretrained(folder)
    return tokenizer
