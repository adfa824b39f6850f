"""Processes of this machine that belong together, and a cluster of them: the one place that starts any from Python."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

# How many seconds somebody may take to answer, or a process to leave when it is asked to.
PATIENCE = 60.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody has just now. The coordinator cannot choose its own: its address must outlive its death."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def patiently(what: Callable[[], Any]) -> Any:
    """Asks until there is an answer: who is asked may be dead, or not there yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return what()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Processes:
    """Processes by name, with a folder for their logs and data, for as long as the `with` lasts. Each can be killed and
    started again. The folder is removed at the end, unless the environment's KEEP is set."""

    def __init__(self, purpose: str):
        self.folder = Path(tempfile.mkdtemp(prefix=f"atelier-{purpose}-"))
        self.processes: dict[str, subprocess.Popen] = {}
        self._started: dict[str, tuple[list, dict]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if os.environ.get("KEEP"):
            print(f"kept {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name: str, command: list, **options: Any) -> subprocess.Popen:
        """What it says goes to NAME.log, unless the options, which are Popen's, say otherwise."""
        self._started[name] = command, options
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options})
        return self.processes[name]

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def restart(self, name: str) -> None:
        command, options = self._started[name]
        self.start(name, command, **options)

    def check(self) -> None:
        """Ends the program if one has ended by itself."""
        died = [name for name, process in self.processes.items() if process.poll() not in (None, -signal.SIGKILL)]
        if died:
            raise SystemExit(f"{' and '.join(died)} ended without being asked to. {self.said()}")

    def said(self) -> str:
        """The end of each log."""
        texts = {path.stem: path.read_text(errors="replace")[-2000:].strip() for path in self.folder.glob("*.log")}
        return "; ".join(f"{name}: {text}" for name, text in sorted(texts.items()) if text)

    def stop(self) -> None:
        """The last one that was started first, so that workers can still hand in what they finish."""
        deadline = time.monotonic() + PATIENCE
        for process in reversed(self.processes.values()):
            if process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Cluster(Processes):
    """A cluster on free ports, with data of its own; `settings` are the coordinator's. What it consists of, its user
    launches."""

    def __init__(self, purpose: str, atelier: Path | str, model: Path | None = None, settings: dict | None = None,
                 more: str = ""):
        """The settings are those of the coordinator; what is more is YAML as it stands."""
        super().__init__(purpose)
        self.atelier, self.data = atelier, self.folder / "data"
        self.http, self.work = free_ports(2)
        self.url = f"http://127.0.0.1:{self.http}"
        lines = ["coordinator:", f"  data: {self.data}", f"  http: 127.0.0.1:{self.http}",
                 f"  work: tcp://127.0.0.1:{self.work}"]
        lines += [f"  {key}: {value}" for key, value in (settings or {}).items()]
        if model:
            lines += ["models:", "  - name: model", f"    path: {model.resolve()}", "default_model: model"]
        self.config = self.folder / "cluster.yaml"
        self.config.write_text("\n".join(lines) + "\n" + more)

    def launch(self, name: str, *arguments: str) -> None:
        """A process of the program with the cluster's settings."""
        self.start(name, [self.atelier, *arguments, "--config", self.config, "--log-level", "warning"])

    def ready(self) -> None:
        """Waits until the coordinator answers."""
        def ask() -> None:
            self.check()
            self.ask("/health", timeout=2)
        try:
            patiently(ask)
        except OSError as error:
            raise SystemExit(f"The cluster does not answer: {error}. {self.said()}") from error

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, timeout: float = 30) -> bytes:
        request = urllib.request.Request(self.url + path, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.read()
        except http.client.HTTPException as error:  # Killed in the middle of its answer.
            raise ConnectionError(f"{self.url} broke off: {error!r}") from error

    def get(self, path: str, timeout: float = 30) -> Any:
        return json.loads(self.ask("/api/v1/" + path, timeout=timeout))

    def images(self, job: str) -> list[dict]:
        """The job's manifest, all pages."""
        lines, after = [], 0
        while after is not None:
            page = self.get(f"jobs/{job}/images?after={after}&limit=500")
            lines += page["lines"]
            after = page.get("next")
        return lines
