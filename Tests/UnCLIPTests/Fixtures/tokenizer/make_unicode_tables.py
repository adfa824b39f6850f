"""Writes Sources/UnCLIP/Tokenizer/ScalarKind+Tables.swift: the letters and numbers of the regular expressions in
Hugging Face's `tokenizers`, which decide how a prompt is cut into words. They follow the Unicode version of that
library, not the one of Swift's, so that ids stay the same when a toolchain moves on.

    python make_unicode_tables.py          (needs the package tokenizers)
"""

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


def table(name, comment, pattern):
    lines, line = [], "   "
    for first, last in ranges(pattern):
        entry = f" {first:#x}, {last:#x},"
        if len(line) + len(entry) > 116:
            lines.append(line)
            line = "   "
        line += entry
    body = "\n".join([*lines, line])
    return f"  /// {comment}\n  static let {name}: [UInt32] = [\n{body}\n  ]\n"


def main():
    target = Path(__file__).parents[4] / "Sources/UnCLIP/Tokenizer/ScalarKind+Tables.swift"
    target.write_text(
        f"// Written by Tests/UnCLIPTests/Fixtures/tokenizer/make_unicode_tables.py from tokenizers {__version__}.\n\n"
        "extension ScalarKind {\n"
        + table("letters", "First and last code point of each range of `\\p{L}`, ascending.", r"\p{L}")
        + "\n"
        + table("numbers", "First and last code point of each range of `\\p{N}`, ascending.", r"\p{N}")
        + "}\n"
    )


if __name__ == "__main__":
    main()
