"""What a network is told, withheld from a share of the examples so that guidance has something to compare with.

Classifier-Free Diffusion Guidance (2022). The decoder's text and embeddings are withheld independently of each
other, as in Hierarchical Text-Conditional Image Generation with CLIP Latents (2022), section 2.1.
"""

import torch

from .texts import Texts


def chosen(count: int, share: float, device: torch.device) -> torch.Tensor:
    """Which of so many examples go without, [count] of bool; each by itself with the probability `share`."""
    return torch.rand(count, device=device) < share


def drop_texts(texts: Texts, dropped: torch.Tensor) -> Texts:
    """The empty caption in place of those: what the pipelines' negative prompt is.

    It has the first token, which all begin with, and the last, which also pads.
    """
    dropped = dropped[:, None]
    ids = torch.where(dropped, texts.end, texts.ids)
    ids[:, 0] = texts.ids[:, 0]
    is_of_two = torch.arange(ids.shape[1], device=ids.device) < 2
    return Texts(ids, torch.where(dropped, is_of_two, texts.mask), texts.end)


def drop_embeddings(embeddings: torch.Tensor, dropped: torch.Tensor, replacement: torch.Tensor) -> torch.Tensor:
    """`replacement`, [width], which is learned, in place of those of `embeddings`, [n, width]."""
    return torch.where(dropped[:, None], replacement[None], embeddings)
