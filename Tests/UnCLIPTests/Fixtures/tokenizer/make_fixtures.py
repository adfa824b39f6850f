"""Writes what transformers' CLIPTokenizer makes of hostile lines, for TokenizerTests.

    python make_fixtures.py

A small vocabulary in five spellings. Needs transformers and tokenizers. scripts/check-tokens makes many more lines of
the same kinds, for the published vocabulary.
"""

import json
import random
import shutil
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

HERE = Path(__file__).parent
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
LOOKALIKES = "\u200b\u200c\u200d\u2060\ufeff\u180e\x1c\x1d\x1e\x1f\x00\x07\x7f\xad"
CONTRACTIONS = ["don't", "CAN'T", "we've", "it's", "I'm", "they'll", "he'd", "you're", "'s", "''s", "'", "rock 'n' roll", "’s", "'ſ", "'S'T'RE"]
MARKERS = [BEGIN, END, "<|ENDOFTEXT|>", "<|StartOfText|>", "<|endoftext|", "<<|endoftext|>>", "<|endoftext|>\u0301", "!", "!!!", "<extra>", "<EXTRA>"]
EMOJI = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "☺️", "1️⃣", "🧑🏿‍🚀", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"]
CASES = ["İstanbul", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "STRASSE ẞ ß", "ǅ ǆ Ǆ", "H\u0331 \u1e96", "Å \u212b A\u030a", "ﬁ ﬂ Ⅷ ⅷ ²³ ½ ٣٤ १२ ๓", "e\u0301 é E\u0301", "\u1100\u1161\u11a8 각", "q\u0323\u0307 q\u0307\u0323", "\u0344 \u0958 \u2adc", "ᾳ ᾼ Ω Ω K K", "a\u0345\u0301b", "ޖ\u1de4\u0f73 a\u0301\u0344", "a\u1df9\u0323 s\U00010f85\u0323", "\U000105d2\u0307"]
# Syllables and a trailing consonant, one before the first of these, three parts of one letter, what is never composed again.
COMPOSED = ["\uac00\u11a8", "\uac00\u11a7", "\u1100\u1161\u11a7 \u1100\u1161\u11c2", "\uac01\u11a8", "\u1100\uac00", "\u0cca\u0cd5", "\u0cc6\u0cc2\u0cd5", "\u0344a\u0f73", "\u0958 \u0915\u093c", "\u1e09 c\u0327\u0301 c\u0301\u0327", "\u0301\u0323 a", "a" + "\u0323\u0301" * 60]
RIGHT_TO_LEFT = ["שָׁלוֹם עולם", "مرحبا بالعالم", "\u202eabc\u202c", "ܫܠܡܐ"]
SCRIPTS = ["今日は世界", "привет мир", "สวัสดี", "ជំរាបសួរ", "नमस्ते", "안녕하세요", "ᚠᛇᚻ", "𐍈𐌰", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𞤀𞤁", "ꙮ", "𠜎𠜱"]
WORDS = "a the red blue green apple cat dog house on in of with background picture photo tiny old mountain sunset robot".split()


def any_scalar(rng, start=0, end=0x110000):
    while True:
        code = rng.randrange(start, end)
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def of_plane(rng):
    """Of any plane, and of a plane's first quarter, where most is assigned."""
    plane = rng.choice([0, 0, 1, 1, 2, 3, *range(4, 17)]) << 16
    return any_scalar(rng, plane, plane + rng.choice([0x4000, 0x10000]))


CONTROLS = [chr(c) for c in [*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFE)]]
NUMBERS = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)).startswith("N") and c > 0x7F]
PICTURES = [chr(c) for c in [*range(0x1F300, 0x1F650), *range(0x1F680, 0x1F700), *range(0x1F900, 0x1FA00), *range(0x2600, 0x27C0)]]
RIGHTWARD = [chr(c) for c in [*range(0x590, 0x750), *range(0x7C0, 0x860), *range(0xFB1D, 0xFDFE), *range(0x1E900, 0x1E960)]]


def emoji(rng):
    """Pictures joined, with skins and variation selectors, as no keyboard would."""
    skins = ["", "", "\ufe0f", "\ufe0e", *(chr(c) for c in range(0x1F3FB, 0x1F400))]
    return "\u200d".join(rng.choice(PICTURES) + rng.choice(skins) for _ in range(rng.randint(1, 4)))


def contraction(rng):
    """An apostrophe of some kind, and what may follow it, in any case."""
    tail = rng.choice(["s", "t", "re", "ve", "m", "ll", "d", "x", "S", "LL", "rE", "ſ", "", "s1", "'t"])
    return rng.choice(["", *WORDS, "1", "é"]) + rng.choice(["'", "'", "'", "’", "`", "''", " '", "' "]) + tail


MARKS = [chr(c) for c in range(0x300, 0x370)] + [chr(c) for c in range(0x20000) if unicodedata.combining(chr(c)) and c > 0x370]


def line(rng):
    """One line of pieces that have broken tokenizers before."""
    kinds = [
        lambda: rng.choice(WORDS),
        lambda: rng.choice(WORDS).upper(),
        lambda: rng.choice(CONTRACTIONS),
        lambda: rng.choice(MARKERS),
        lambda: rng.choice(EMOJI),
        lambda: rng.choice(CASES),
        lambda: rng.choice(RIGHT_TO_LEFT),
        lambda: rng.choice(SCRIPTS),
        lambda: "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 4))),
        lambda: rng.choice(LOOKALIKES),
        lambda: "".join(rng.choice(CONTROLS) for _ in range(rng.randint(1, 3))),
        lambda: "".join(rng.choice(NUMBERS) for _ in range(rng.randint(1, 4))),
        lambda: "".join(rng.choice(RIGHTWARD) for _ in range(rng.randint(1, 6))),
        lambda: "".join(of_plane(rng) for _ in range(rng.randint(1, 3))),
        lambda: emoji(rng),
        lambda: contraction(rng),
        lambda: str(rng.randrange(10 ** rng.randint(1, 9))),
        lambda: "".join(rng.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") for _ in range(rng.randint(1, 6))),
        lambda: "".join(any_scalar(rng) for _ in range(rng.randint(1, 3))),
        lambda: "".join(any_scalar(rng, end=0x3000) for _ in range(rng.randint(1, 6))),
        lambda: rng.choice("aeiouAEIOUhHqsSΩω") + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 3))),
        lambda: rng.choice("abcxyz") * rng.randint(1, 40),
    ]
    joins = ["", " ", " ", "  "]
    return "".join(rng.choice(kinds)() + rng.choice(joins) for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13, 40])))


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n")


def clip_style(token, normalized):
    return {"__type": "AddedToken", "content": token, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False}


def small_vocabulary():
    trainer = trainers.BpeTrainer(
        vocab_size=760, special_tokens=[], end_of_word_suffix="</w>", show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    text = [" ".join(WORDS)] * 3 + [s.lower() for s in CONTRACTIONS + CASES + SCRIPTS + RIGHT_TO_LEFT] * 2 + ["aaaa bbbb endoftext startoftext"] * 3
    tokenizer.train_from_iterator(text, trainer)
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in json.loads(tokenizer.to_str())["model"]["merges"]]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = alphabet + [c + "</w>" for c in alphabet]
    for left, right in merges:
        if left + right not in tokens:
            tokens.append(left + right)
    # A vocabulary that lacks a byte knows no better than the unknown token.
    tokens.remove("~</w>")
    tokens += [BEGIN, END, "<extra>"]
    return {token: index for index, token in enumerate(tokens)}, merges


def folders(base):
    """Five spellings of a tokenizer on disk."""
    vocabulary, merges = small_vocabulary()

    def plain(folder, config):
        write(folder / "vocab.json", vocabulary)
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
        write(folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", **config})

    plain(base / "plain", {"model_max_length": 77})
    plain(base / "long", {"model_max_length": 10**30})
    # As Karlo and Stable Diffusion were published: special tokens are found in any case.
    plain(base / "published", {
        "model_max_length": 77, "bos_token": clip_style(BEGIN, True), "eos_token": clip_style(END, True),
        "unk_token": clip_style(END, True), "pad_token": END, "do_lower_case": True, "errors": "replace"})
    write(base / "published/special_tokens_map.json", {
        "bos_token": {k: v for k, v in clip_style(BEGIN, True).items() if k != "__type"},
        "eos_token": {k: v for k, v in clip_style(END, True).items() if k != "__type"},
        "unk_token": {k: v for k, v in clip_style(END, True).items() if k != "__type"}, "pad_token": END})
    plain(base / "padded", {"model_max_length": 16, "pad_token": "!", "added_tokens_decoder": {
        str(vocabulary["<extra>"]): {"content": "<extra>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": False}}})
    CLIPTokenizer.from_pretrained(base / "padded").save_pretrained(base / "json")
    saved = base / "json/tokenizer.json"
    write(saved, json.loads(saved.read_text()))


def record(tokenizer, lines, length):
    """Ids without the padding, and the padding's id."""
    result = []
    for start in range(0, len(lines), 1000):
        batch = tokenizer(lines[start:start + 1000], padding="max_length", max_length=length, truncation=True)
        for ids, mask in zip(batch.input_ids, batch.attention_mask, strict=True):
            assert len(ids) == length and mask == sorted(mask, reverse=True)
            assert all(i == tokenizer.pad_token_id for i in ids[sum(mask):])
            result.append(ids[:sum(mask)])
    return result


def main():
    for name in ["plain", "long", "published", "padded", "json"]:
        shutil.rmtree(HERE / name, ignore_errors=True)
    folders(HERE)
    rng = random.Random(1)
    lines = ["", " ", "a red apple on a blue background", *CONTRACTIONS, *MARKERS, *EMOJI, *CASES, *RIGHT_TO_LEFT, *SCRIPTS, SPACES, LOOKALIKES]
    lines += [f"a{m}b {m} {m}{m}" for m in MARKERS]
    while len(lines) < 330:
        candidate = line(rng)
        if len(candidate) < 160:
            lines.append(candidate)
    lines += ["word " * n for n in (74, 75, 76, 77, 200)] + ["a" * 400] + COMPOSED
    write(HERE / "lines.json", {"lines": lines})
    for name in ["plain", "published", "padded", "json"]:
        tokenizer = CLIPTokenizer.from_pretrained(HERE / name)
        ids = record(tokenizer, lines, tokenizer.model_max_length)
        write(HERE / f"{name}.expected.json", {"length": tokenizer.model_max_length, "padding": tokenizer.pad_token_id, "ids": ids})


if __name__ == "__main__":
    main()
