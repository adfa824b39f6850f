"""Writes Sources/UnCLIP/Tokenizer/ScalarKind+Tables.swift: the letters and numbers of the regular expressions in
Hugging Face's `tokenizers`, which decide how a prompt is cut into words; and CanonicalComposition+Tables.swift: what it
takes apart and puts together before. They follow the Unicode version of that library, not the one of Swift's, so that
ids stay the same when a toolchain moves on.

    python make_unicode_tables.py          (needs the package tokenizers)
"""

import unicodedata
from pathlib import Path

from tokenizers import Regex, __version__, normalizers


def ranges(pattern):
    """Code points that the pattern matches, as inclusive ranges."""
    erase = normalizers.Replace(Regex(pattern), "")
    found = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or erase.normalize_str(chr(code)) != "":
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def decompositions():
    """Code points with the one or two that they are made of, in two lists: those that are composed again, and others.

    Hangul syllables follow a rule and are left out.
    """
    pairs, others = [], []
    for code in range(0xC0, 0x110000):
        if 0xAC00 <= code < 0xD7A4 or 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        if normalizers.NFD().normalize_str(character) == character:
            continue
        parts = [int(part, 16) for part in unicodedata.decomposition(character).split()]
        again = normalizers.NFC().normalize_str("".join(map(chr, parts))) == character
        (pairs if again else others).append((code, *parts, *[0] * (2 - len(parts))))
    return pairs, others


def table(name, comment, rows):
    lines, line = [], "   "
    for row in rows:
        entry = "".join(f" {code:#x}," for code in row)
        if len(line) + len(entry) > 116:
            lines.append(line)
            line = "   "
        line += entry
    body = "\n".join([*lines, line])
    return f"  /// {comment}\n  static let {name}: [UInt32] = [\n{body}\n  ]\n"


def main():
    folder = Path(__file__).parents[4] / "Sources/UnCLIP/Tokenizer"
    head = f"// Written by Tests/UnCLIPTests/Fixtures/tokenizer/make_unicode_tables.py from tokenizers {__version__}.\n\n"
    (folder / "ScalarKind+Tables.swift").write_text(
        head + "extension ScalarKind {\n"
        + table("letters", "First and last code point of each range of `\\p{L}`, ascending.", ranges(r"\p{L}"))
        + "\n"
        + table("numbers", "First and last code point of each range of `\\p{N}`, ascending.", ranges(r"\p{N}"))
        + "}\n"
    )
    pairs, others = decompositions()
    (folder / "CanonicalComposition+Tables.swift").write_text(
        head + "extension CanonicalComposition {\n"
        + table("pairs", "Code points, each with the two that it is made of and that are composed to it.", pairs)
        + "\n"
        + table("others", "Code points, each with what it is taken apart into for good: two, or one and zero.", others)
        + "}\n"
    )


if __name__ == "__main__":
    main()
