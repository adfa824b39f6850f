"""Builds a pack of drawings from Debian's packages. See training/README.md."""

import argparse
import collections
from pathlib import Path

from . import noto, openclipart, tuxpaint
from .pack import Pack, Source
from .packages import Packages

# Licences as the packages' copyright files state them.
SOURCES = {
    "noto": (
        ("fonts-noto-color-emoji", "unicode-cldr-core", "unicode-data"), noto.drawings,
        "SIL Open Font License 1.1 (drawings); Unicode License (names)", "https://github.com/googlefonts/noto-emoji",
    ),
    "openclipart": (
        ("openclipart-png", "openclipart-svg"), openclipart.drawings, "public domain", "https://openclipart.org"),
    "tuxpaint": (
        ("tuxpaint-stamps-default", "librsvg2-bin"), tuxpaint.drawings, "GPL-2", "https://tuxpaint.org"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m training.data", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("training/.data"), help="the folder to write")
    parser.add_argument(
        "--sources", default="noto,openclipart",
        help=f"which to take of {', '.join(SOURCES)}, separated by commas (default: %(default)s)")
    parser.add_argument(
        "--packages", type=Path, default=Path("training/.packages"), help="where packages are downloaded and unpacked")
    options = parser.parse_args()
    chosen = options.sources.split(",")
    if unknown := set(chosen) - set(SOURCES):
        parser.error(f"there is no source '{min(unknown)}'; sources are {', '.join(SOURCES)}")

    packages = Packages(options.packages)
    drawings, sources = [], []
    for name in chosen:
        needed, read, licence, url = SOURCES[name]
        versions = [packages.unpack(package) for package in needed]
        found = read(packages.root)
        print(f"{name}: {len(found)} drawings")
        drawings += found
        listed = ", ".join(f"{package} {version}" for package, version in zip(needed, versions))
        sources.append(Source(name, listed, licence, url))
    Pack(drawings, sources).save(options.out)
    size = sum(path.stat().st_size for path in options.out.iterdir() if path.is_file())
    names = collections.Counter(drawing.name for drawing in drawings)
    print(f"{options.out}: {len(drawings)} drawings, {len(names)} names, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
