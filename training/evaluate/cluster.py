"""Pictures by the cluster's own binary: a coordinator and its workers on free ports, with data of their own."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
# How long a cluster may take to answer.
PATIENCE = 30.0


def binary(named: Path | None = None) -> Path | None:
    """The engine's command: as named, from the environment's ATELIER, where a release build puts it, or on the path."""
    built = ROOT / ".build" / "release" / "atelier"
    for candidate in (named, os.environ.get("ATELIER"), built if built.exists() else None, shutil.which("atelier")):
        if candidate:
            return Path(candidate).resolve()
    return None


class Cluster:
    """`atelier up` for as long as the `with` lasts."""

    def __init__(self, command: Path, model: Path, workers: int = 1):
        self.command, self.model, self.workers = command, model.resolve(), workers

    def __enter__(self) -> "Cluster":
        self.folder = Path(tempfile.mkdtemp(prefix="atelier-evaluate-"))
        http, work = free_ports(2)
        self.server = f"http://127.0.0.1:{http}"
        (self.folder / "cluster.yaml").write_text(
            f"coordinator:\n  data: {self.folder}/data\n  http: 127.0.0.1:{http}\n  work: tcp://127.0.0.1:{work}\n"
            f"models:\n  - name: evaluated\n    path: {self.model}\ndefault_model: evaluated\n")
        self.log = open(self.folder / "log", "w+")
        self.process = subprocess.Popen(
            [
                self.command, "up", "--config", self.folder / "cluster.yaml", "--decoder", str(self.workers),
                "--log-level", "warning",
            ],
            stdout=self.log, stderr=self.log)
        begun = time.monotonic()
        while self._run("jobs").returncode != 0:
            if self.process.poll() is not None or time.monotonic() - begun > PATIENCE:
                message = self._logged()
                self.__exit__(None, None, None)
                raise SystemExit(f"Cannot start a cluster with {self.model}: {self.command} up says: {message}")
            time.sleep(0.2)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def render(self, requests: list[dict], out: Path) -> list[dict]:
        """Submits a line a request, waits, fetches to `out`; the manifest's lines, in order of request and picture."""
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        file = out / "requests.jsonl"
        file.write_text("".join(json.dumps(request) + "\n" for request in requests))
        result = self._run("submit", file, "--wait", "--out", out)
        if result.returncode != 0:
            raise SystemExit(f"Cannot render {file}: {result.stderr.strip()} {self._logged()}")
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        if failed := [line for line in lines if line["state"] != "completed"]:
            raise SystemExit(f"Cannot evaluate {file}: {len(failed)} pictures were not made, the first: {failed[0]}")
        return sorted(lines, key=lambda line: (line["item"], line["index"]))

    def pictures(self, requests: list[dict], out: Path) -> tuple[list[Image.Image], list[dict]]:
        """The rendered pictures of requests, and the manifest's lines."""
        lines = self.render(requests, out)
        return [Image.open(out / line["file"]).convert("RGB") for line in lines], lines

    def _run(self, *arguments: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.command, *arguments], env={**os.environ, "ATELIER_SERVER": self.server}, capture_output=True,
            text=True)

    def _logged(self) -> str:
        self.log.flush()
        return (self.folder / "log").read_text()[-2000:].strip()


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
