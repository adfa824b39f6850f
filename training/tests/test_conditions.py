"""Conditions are withheld from the shares of examples that the papers name, independently of each other."""

import torch

from training.conditions import chosen, drop_embeddings, drop_texts
from training.texts import Texts
from training.words import Words

CPU = torch.device("cpu")


def test_texts_are_replaced_by_the_empty_one_where_chosen(words: Words) -> None:
    captions = ["a red apple", "an owl on a black background", "a banana"]
    texts = Texts.read(captions, words, CPU)
    dropped = drop_texts(texts, torch.tensor([True, False, True]))
    expected = Texts.read(["", captions[1], ""], words, CPU)
    assert torch.equal(dropped.ids, expected.ids) and torch.equal(dropped.mask, expected.mask)
    assert torch.equal(texts.ids, Texts.read(captions, words, CPU).ids)


def test_embeddings_are_replaced_by_the_learned_one_where_chosen() -> None:
    embeddings, replacement = torch.zeros(3, 4), torch.nn.Parameter(torch.arange(4.0))
    dropped = drop_embeddings(embeddings, torch.tensor([False, True, False]), replacement)
    assert dropped.tolist() == [[0] * 4, [0, 1, 2, 3], [0] * 4]
    dropped.sum().backward()
    assert replacement.grad.tolist() == [1, 1, 1, 1]


def test_two_conditions_are_withheld_independently() -> None:
    torch.manual_seed(0)
    texts, embeddings = chosen(100_000, 0.5, CPU), chosen(100_000, 0.1, CPU)
    assert abs(texts.float().mean() - 0.5) < 0.01
    assert abs(embeddings.float().mean() - 0.1) < 0.01
    assert abs((texts & embeddings).float().mean() - 0.05) < 0.005


def test_nothing_and_everything_can_be_withheld() -> None:
    assert not chosen(100, 0.0, CPU).any()
    assert chosen(100, 1.0, CPU).all()


def test_the_decoder_sees_what_is_left(world, tmp_path, monkeypatch) -> None:
    """With all texts and embeddings withheld, its loss does not depend on them; with none, it does."""
    from training import decoder
    from training.making import Making
    from training.presets import PRESETS

    making = Making(PRESETS["toy"], world, tmp_path)
    clean = torch.zeros(4, 3, 16, 16)

    def loss(image: torch.Tensor, caption: str) -> float:
        torch.manual_seed(0)
        with torch.no_grad():
            return decoder.loss_of(
                making.unet, making.projection, making.clip, clean, image,
                Texts.read([caption] * 4, making.clip.words, clean.device), "epsilon").item()

    pairs = (torch.zeros(4, 32), "a red apple"), (torch.ones(4, 32), "a black cat")
    for share, is_same in ((1.0, True), (0.0, False)):
        monkeypatch.setattr(decoder, "DROPPED_TEXTS", share)
        monkeypatch.setattr(decoder, "DROPPED_EMBEDDINGS", share)
        first, second = (loss(*pair) for pair in pairs)
        # Padded to other lengths they are rounded otherwise.
        assert (abs(first - second) < 1e-5) == is_same
