"""A cluster whose coordinator, workers and client are hosts of their own, with keys and HTTPS asked for."""

import json
import os
import subprocess
import time
from pathlib import Path

from scripts.lib.chaos import MODEL, SETTINGS
from scripts.lib.local_cluster import PATIENCE, Processes, patiently
from scripts.lib.network import Host, Network
from scripts.lib.stranger import ask

WORKERS = {"prior-1": "prior", "decoder-1": "decoder", "decoder-2": "decoder", "decoder-3": "decoder"}


class Hosts(Processes):
    """The hosts and what runs on them."""

    def __init__(self, atelier: str):
        super().__init__("namespaces")
        self.atelier = atelier
        self.network = Network(self.folder)
        add = self.network.add
        self.coordinator, self.client, self.stranger = add("coordinator", 1), add("client", 2), add("stranger", 66)
        self.workers = {name: add(name, 11 + index) for index, name in enumerate(WORKERS)}
        self.access: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def say(self, host: Host, *words: str, fails: bool = False, **environment: str) -> str:
        """A command of the program on a host, which must succeed.

        - Returns: what it prints on standard output; with `fails`, when it must not succeed, on standard error."""
        done = subprocess.run(
            host.command(self.atelier, *words), cwd=host.home, env=self.environment(host, **environment),
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=4 * PATIENCE)
        if (done.returncode != 0) != fails:
            raise SystemExit(f"'atelier {' '.join(words)}' on {host.name}: status {done.returncode}, {done.stdout}"
                             f"{done.stderr}. {self.said()}")
        return done.stderr if fails else done.stdout

    def facts(self, host: Host, *words: str) -> dict | list:
        return json.loads(self.say(host, *words, "--json"))

    def environment(self, host: Host, **more: str) -> dict[str, str]:
        """Of a host: nothing of this machine's user. The client's has what `atelier token create` printed."""
        mine = {"PATH": os.environ["PATH"], "HOME": str(host.home), "XDG_STATE_HOME": str(host.home / "state")}
        return mine | (self.access if host is self.client else {}) | more

    def launch(self, name: str, host: Host, *words: str, **environment: str) -> None:
        self.start(name, host.command(self.atelier, *words, "--log-level", "info"), cwd=host.home,
                   env=self.environment(host, **environment))

    def start_coordinator(self) -> None:
        lines = ["coordinator:", "  http: 0.0.0.0:8080", "  work: tcp://0.0.0.0:5555"]
        lines += [f"  {key}: {value}" for key, value in SETTINGS.items()]
        lines += ["security:", "  workers: curve", "  http: tls", f"  hosts: [{self.coordinator.address}]",
                  "models:", "  - name: starter", f"    path: {MODEL}", "default_model: starter"]
        (self.coordinator.home / "cluster.yaml").write_text("\n".join(lines) + "\n")
        self.launch("coordinator", self.coordinator, "coordinator")

        def answers() -> None:
            self.check()
            status, _ = ask(self.coordinator, "https://127.0.0.1:8080/health")
            if status != 200:
                raise ConnectionError
        patiently(answers)

    def join(self) -> None:
        """Everything but the client's own token goes over the network: each worker's token is made by the client."""
        made = self.facts(self.coordinator, "token", "create", "--name", "client", "--scope", "read:all,submit,admin")
        self.access = {"ATELIER_SERVER": f"{made['server']}#sha256:{made['fingerprint']}",
                       "ATELIER_API_TOKEN": made["token"]}
        for name, pool in WORKERS.items():
            self.tokens[name] = self.say(self.client, "worker-token", "--pool", pool, "--ttl", "5m").strip()
            self.start_worker(name, ATELIER_TOKEN=self.tokens[name])
        self.wait_for_workers()

    def start_worker(self, name: str, **environment: str) -> None:
        self.launch(name, self.workers[name], "worker", "--pool", WORKERS[name], "--model", str(MODEL),
                    "--threads", "1", **environment)

    def wait_for_workers(self, names=WORKERS) -> None:
        def connected() -> set[str]:
            workers = self.facts(self.client, "workers")
            return {worker["host"] for worker in workers if worker["state"] == "connected"}
        deadline = time.monotonic() + PATIENCE
        while connected() != set(names):
            self.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"Not all workers are there: {self.say(self.client, 'workers')}{self.said()}")
            time.sleep(0.2)

    def render(self, lines: list[dict], name: str) -> Path:
        """A job, from the client's file to the client's folder of pictures."""
        prompts, out = self.client.home / "prompts.jsonl", self.client.home / name
        prompts.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.say(self.client, "submit", str(prompts), "--out", str(out))
        return out
