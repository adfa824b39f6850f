"""Pictures by the cluster's own binary: a coordinator and its workers on free ports, with data of their own."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from PIL import Image

from scripts.lib import local_cluster

ROOT = Path(__file__).resolve().parents[2]


def binary(named: Path | None = None) -> Path | None:
    """The engine's command: as named, from the environment's ATELIER, where a release build puts it, or on the path."""
    built = ROOT / ".build" / "release" / "atelier"
    for candidate in (named, os.environ.get("ATELIER"), built if built.exists() else None, shutil.which("atelier")):
        if candidate:
            return Path(candidate).resolve()
    return None


class Cluster(local_cluster.Cluster):
    """`atelier up`, asked through the command line as anybody would."""

    def __init__(self, command: Path, model: Path):
        super().__init__("evaluate", command, model)

    def up(self) -> None:
        self.launch("up", "up")
        self.ready()

    def render(self, requests: list[dict], out: Path) -> list[dict]:
        """Submits a line a request, waits, fetches to `out`; the manifest's lines, in order of request and picture."""
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        file = out / "requests.jsonl"
        file.write_text("".join(json.dumps(request) + "\n" for request in requests))
        result = subprocess.run(
            [self.atelier, "submit", file, "--wait", "--out", out, "--server", self.url], capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"Cannot render {file}: {result.stderr.strip()} {self.said()}")
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        if failed := [line for line in lines if line["state"] != "completed"]:
            raise SystemExit(f"Cannot evaluate {file}: {len(failed)} pictures were not made, the first: {failed[0]}")
        return sorted(lines, key=lambda line: (line["item"], line["index"]))

    def pictures(self, requests: list[dict], out: Path) -> tuple[list[Image.Image], list[dict]]:
        """The rendered pictures of requests, and the manifest's lines."""
        lines = self.render(requests, out)
        return [Image.open(out / line["file"]).convert("RGB") for line in lines], lines
