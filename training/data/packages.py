"""Debian packages, unpacked into a folder of their own: nothing is installed."""

import subprocess
from pathlib import Path


class Packages:
    """Files of packages under `root`, downloaded with apt as they are asked for."""

    def __init__(self, root: Path):
        self.root = root
        self.archives = root / "archives"
        self.archives.mkdir(parents=True, exist_ok=True)

    def unpack(self, name: str) -> str:
        """Downloads and unpacks a package unless it is there already; its version."""
        if not self._archive(name):
            result = subprocess.run(
                ["apt-get", "download", name], cwd=self.archives, capture_output=True, text=True)
            if result.returncode != 0 or not self._archive(name):
                raise SystemExit(
                    f"Cannot download the Debian package {name}: {result.stderr.strip() or result.stdout.strip()} "
                    "This needs Debian's apt, up to date (apt-get update) and with a network.")
        archive = self._archive(name)
        marker = self.root / f".{archive.stem}"
        if not marker.exists():
            subprocess.run(["dpkg-deb", "-x", archive, self.root], check=True)
            marker.touch()
        return subprocess.run(
            ["dpkg-deb", "-f", archive, "Version"], check=True, capture_output=True, text=True).stdout.strip()

    def _archive(self, name: str) -> Path | None:
        return next(iter(self.archives.glob(f"{name}_*.deb")), None)
