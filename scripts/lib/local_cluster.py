"""A cluster of real processes on this machine, for the scripts that trouble or measure it."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Cluster:
    """Processes by name; each can be killed and started again."""

    def __init__(self, atelier, folder, model=None, settings=None, log_level="error"):
        self.atelier, self.folder, self.log_level = atelier, folder, log_level
        self.http, self.work = free_ports(2)
        self.data = os.path.join(folder, "data")
        self.processes = {}
        lines = ["coordinator:", f"  data: {self.data}", f"  http: 127.0.0.1:{self.http}",
                 f"  work: tcp://127.0.0.1:{self.work}"]
        lines += [f"  {key}: {value}" for key, value in (settings or {}).items()]
        if model:
            lines += ["models:", "  - name: starter", f"    path: {model}"]
        os.makedirs(folder, exist_ok=True)
        self.config = os.path.join(folder, "cluster.yaml")
        with open(self.config, "w") as file:
            file.write("\n".join(lines) + "\n")

    def start(self, name, arguments):
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        self.processes[name] = (subprocess.Popen(
            [self.atelier, *arguments, "--config", self.config, "--log-level", self.log_level],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL), arguments)
        log.close()

    def kill(self, name):
        process, _ = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def restart(self, name):
        self.start(name, self.processes[name][1])

    def died(self):
        """Processes that ended by themselves."""
        return [name for name, (process, _) in self.processes.items() if process.poll() not in (None, -signal.SIGKILL)]

    def stop(self):
        for process, _ in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def ask(self, path, method="GET", body=None, timeout=30):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", method=method, data=body)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.read()

    def get(self, path, **options):
        return json.loads(self.ask("/api/v1/" + path, **options))

    def ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.ask("/health", timeout=2)
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        raise SystemExit(f"The coordinator does not answer; see {self.folder}/coordinator.log.")

    def patiently(self, what, seconds=120):
        """Asks until there is an answer: the coordinator may be dead just now."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return what()
            except (OSError, urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def images(self, job):
        """The job's manifest, all pages."""
        lines, after = [], 0
        while after is not None:
            page = self.get(f"jobs/{job}/images?after={after}&limit=500")
            lines += page["lines"]
            after = page.get("next")
        return lines
