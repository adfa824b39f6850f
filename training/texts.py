"""Captions as a network reads them."""

from dataclasses import dataclass

import torch

from .arrays import Examples
from .words import Words


@dataclass(frozen=True)
class Texts:
    """Tokens [n, length] and which of them are real; `end` is the last real one and pads."""

    ids: torch.Tensor
    mask: torch.Tensor
    end: int

    @classmethod
    def of(cls, examples: Examples, end: int, device: torch.device) -> "Texts":
        """Padded to the longest caption only, which changes nothing: the encoder is causal and others mask padding.

        On a GPU all batches have one length: what is compiled for one is good for all.
        """
        ids, lengths = torch.from_numpy(examples.tokens), torch.from_numpy(examples.lengths)
        if device.type == "cuda":
            ids, lengths = (
                values.pin_memory().to(device, non_blocking=True) for values in (ids, lengths))
        else:
            ids = ids[:, : int(lengths.max())]
        return cls(ids, torch.arange(ids.shape[1], device=device) < lengths[:, None], end)

    @classmethod
    def read(cls, captions: list[str], words: Words, device: torch.device) -> "Texts":
        rows, lengths = zip(*(words.row(caption) for caption in captions))
        ids = torch.tensor(rows, device=device)[:, : max(lengths)]
        mask = torch.arange(ids.shape[1], device=device) < torch.tensor(lengths, device=device)[:, None]
        return cls(ids, mask, words.end)
