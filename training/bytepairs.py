"""A small byte-pair vocabulary in CLIP's format, learned from the captions.

Neural Machine Translation of Rare Words with Subword Units (2016); the byte alphabet is GPT-2's, so any
text can be encoded.
"""

import collections
import json
import re
from pathlib import Path

from transformers import CLIPTokenizer

from .presets import Preset
from .world import COLOURS, SYNONYMS, TEMPLATES, repository_names, thing_names


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


def word_counts() -> collections.Counter[str]:
    """Words of all captions, and once each of all names in the repository."""
    words: collections.Counter[str] = collections.Counter()
    for name in thing_names():
        for known in {name, SYNONYMS.get(name, name)}:
            for colour in COLOURS:
                for template in TEMPLATES:
                    words.update(re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", template.format(thing=known, colour=colour)))
    for name in repository_names().values():
        words.update(re.findall(r"[a-z]+", name.lower()))
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


def make(preset: Preset, folder: Path) -> CLIPTokenizer:
    """Writes vocab.json, merges.txt and the other files of a CLIP tokenizer."""
    merges = learn_merges(word_counts(), preset.merges)
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
