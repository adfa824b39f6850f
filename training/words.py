"""Tokens of captions, by a table of words that were tokenised once: a tokenizer takes far longer than all else that
makes an example.

CLIP's byte-pair encoding never joins what stands on two sides of a space or of a hyphen, so a caption's tokens are
those of its words, one after the other.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

    from .world import World

# A word, with its hyphens and apostrophes, or one other character.
WORD = re.compile(r"(?:[^\W_]|['-])+|[^\w\s]")


@dataclass(frozen=True)
class Words:
    """The tokens of every word of a world's captions."""

    table: dict[str, tuple[int, ...]]
    begin: int
    end: int
    length: int  # of a row: the longest caption's, or a little more

    @classmethod
    def of(cls, tokenizer: "CLIPTokenizer", world: "World", length: int) -> "Words":
        names = [*world.words(), ","]
        table = {
            name: tuple(ids) for name, ids in zip(names, tokenizer(names, add_special_tokens=False)["input_ids"])}
        return cls(table, tokenizer.bos_token_id, tokenizer.eos_token_id, length)

    def row(self, caption: str) -> tuple[list[int], int]:
        """The tokens of a caption of this world, padded to `length`, and how many of them are real."""
        ids = [self.begin]
        for word in WORD.findall(caption.lower()):
            ids += self.table[word]
        ids.append(self.end)
        if len(ids) > self.length:
            raise ValueError(f"The caption '{caption}' has {len(ids)} tokens, expected at most {self.length}.")
        return ids + [self.end] * (self.length - len(ids)), len(ids)
