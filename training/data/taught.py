"""A smaller pack: of the drawings, only those that are taught.

    python -m training.data.taught FROM TO
"""

import json
import sys
from pathlib import Path

from .grouping import grouped
from .pack import Pack


def taught(source: Path, target: Path) -> int:
    """Copies the drawings of a pack that become things, to the last bit; how many."""
    chosen = sorted(index for group in grouped(Pack.load(source).drawings) for index in group.drawings)
    index, data = json.loads((source / "drawings.json").read_text()), (source / "drawings.bin").read_bytes()
    entries, pictures = [], b""
    for entry in (index["drawings"][number] for number in chosen):
        pictures_before = len(pictures)
        pictures += data[entry["offset"] : entry["offset"] + entry["length"]]
        entries.append(entry | {"offset": pictures_before})
    target.mkdir(parents=True, exist_ok=True)
    (target / "drawings.bin").write_bytes(pictures)
    (target / "drawings.json").write_text(json.dumps(index | {"drawings": entries}, ensure_ascii=False) + "\n")
    return len(chosen)


if __name__ == "__main__":
    print(f"{sys.argv[2]}: {taught(Path(sys.argv[1]), Path(sys.argv[2]))} drawings")
