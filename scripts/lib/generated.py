"""Replaces a generated part of a document: what stands between two comments that name it."""
import pathlib


def replace(path, name, text):
    path = pathlib.Path(path)
    document = path.read_text()
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    if begin not in document or end not in document:
        raise SystemExit(f"'{path}' has no part '{name}': expected '{begin.strip()}' and '{end}' in it.")
    head, rest = document.split(begin, 1)
    path.write_text(head + begin + text.strip("\n") + "\n" + end + rest.split(end, 1)[1])


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
