"""A cluster of hosts of their own (network namespaces) whose links are bad, and a stranger among them: every picture is
compared with a rendering on this machine alone, and nobody but the invited may get in."""

import argparse
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from scripts.lib.hosts import MODEL, WORKERS, Hosts
from scripts.lib.local_cluster import PATIENCE
from scripts.lib.network import Host, Listener
from scripts.lib.stranger import Stranger, ask

STEPS = {"prior_steps": 6, "decoder_steps": 12, "super_res_steps": 4}
# What is submitted, again and again.
LINES = [{"prompt": f"{thing} on a {colour} background", "seed": 1000 + 4 * row + column, **STEPS}
         for row, thing in enumerate(["a red apple", "a banana", "a pizza"])
         for column, colour in enumerate(["blue", "green", "white", "black"])]


class Troubles:
    """What becomes of links, one after the other; each heals what it did."""

    def __init__(self, hosts: Hosts, draw: random.Random):
        self.hosts, self.network, self.draw = hosts, hosts.network, draw
        self.counts: dict[str, int] = {}
        self.names: list[str] = []

    def strike(self) -> None:
        if not self.names:
            # Each once before any comes again.
            self.names = ["cut", "cut for long", "cut at its own end", "half cut", "lossy", "slow", "all cut off"]
            if not self.can_bend():
                self.names = [name for name in self.names if name not in ("half cut", "lossy", "slow")]
            self.draw.shuffle(self.names)
        name = self.names.pop()
        self.counts[name] = self.counts.get(name, 0) + 1
        everybody = [*self.hosts.workers.values(), self.hosts.client]
        victims = self.draw.sample(everybody, 2)
        match name:
            case "cut":
                self.during(victims, self.network.cut, 0.5, 2)
            case "cut for long":  # So that its tasks go to others.
                self.during(victims[:1], self.network.cut, 3, 5)
            case "cut at its own end":
                self.during(victims, lambda host: self.network.cut(host, far=True), 0.5, 3)
            case "half cut":  # It is heard and hears nothing.
                self.during(victims[:1], lambda host: self.network.lose(host, 1, to_host_only=True), 2, 4)
            case "lossy":
                self.during(victims, lambda host: self.network.lose(host, self.draw.choice([0.05, 0.1, 0.2])), 3, 6)
            case "slow":
                self.during(victims, lambda host: self.network.slow(host, self.draw.choice([200, 500])), 3, 6)
            case "all cut off":
                self.during([self.hosts.coordinator], self.network.cut, 0.5, 4)

    def can_bend(self) -> bool:
        """Whether links can be lossy and slow here."""
        try:
            for bend in (lambda: self.network.lose(self.hosts.stranger, 0.1),
                         lambda: self.network.slow(self.hosts.stranger, 500)):
                bend()
                self.network.heal(self.hosts.stranger)
            return True
        except SystemExit:
            return False

    def during(self, victims: list[Host], what, least: float, most: float) -> None:
        for host in victims:
            what(host)
        time.sleep(self.draw.uniform(least, most))
        for host in victims:
            self.network.heal(host)


def digests(folder: Path) -> dict:
    """By item and index the SHA-256 of each picture's file."""
    lines = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    return {(line["item"], line["index"]): hashlib.sha256((folder / line["file"]).read_bytes()).hexdigest()
            for line in lines if "file" in line}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--seconds", type=float, default=60, help="of bad links")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of their sequence")
    options = parser.parse_args()
    # Who is told to end stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    with Hosts(str(Path(options.atelier).resolve())) as hosts:
        wrong = run(hosts, options)
        for what in wrong:
            print(f"WRONG: {what}")
        if wrong:
            print(hosts.said(), file=sys.stderr)
    print("FAILED" if wrong else "passed")
    sys.exit(1 if wrong else 0)


def run(hosts: Hosts, options: argparse.Namespace) -> list[str]:
    """- Returns: what was not as it should be, a sentence each."""
    began = time.monotonic()
    troubles = Troubles(hosts, random.Random(options.seed))
    print(f"seed {options.seed}", flush=True)
    if not troubles.can_bend():
        print("This kernel has nothing that makes links lossy or slow: they are only cut.", flush=True)
    elif not hosts.network.has_netem:
        print("This kernel has no netem: a filter loses packets, a token bucket slows them, none is late.", flush=True)
    hosts.start_coordinator()
    # What must not be read on the way: prompts, pictures, tokens. And one word that must, or nobody listens.
    listener = Listener(hosts.coordinator, [b" background", b"IHDR", b"atl_", b"atelier1-", b"heard"])
    listener.start()
    subprocess.run(hosts.client.command("python3", "-c", "import socket; socket.socket(2, 2).sendto(b'heard', ("
                                        f"'{hosts.coordinator.address}', 9))"), check=True)
    hosts.join()
    stranger = Stranger(hosts, MODEL, hosts.tokens["decoder-1"])
    knocking = threading.Thread(target=stranger.knock)
    knocking.start()
    over, folders, failures = threading.Event(), [], []

    def feed() -> None:
        try:
            while not over.is_set() or not folders:
                folders.append(hosts.render(LINES, f"pictures-{len(folders)}"))
        except (SystemExit, subprocess.TimeoutExpired) as error:
            failures.append(str(error))

    feeder = threading.Thread(target=feed)
    feeder.start()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end and not failures:
        troubles.strike()
        hosts.check()
        time.sleep(troubles.draw.uniform(0.2, 1.5))
    over.set()
    feeder.join()
    knocking.join()
    if failures:
        return failures
    wrong = stranger.wrong
    # The coordinator's own place taken, by somebody without its keys.
    wrong += stranger.impersonate()
    hosts.wait_for_workers()
    folders.append(hosts.render(LINES, f"pictures-{len(folders)}"))
    listener.over = True
    wrong += judge_pictures(hosts, folders) + judge_admission(hosts) + revoke(hosts)
    hosts.check()
    if b"heard" not in listener.read:
        wrong.append("Nobody listened on the way.")
    wrong += [f"'{word.decode()}' could be read on the way." for word in listener.read - {b"heard"}]
    packets = hosts.network.lost()
    if packets == 0 and {"lossy", "half cut"} & set(troubles.counts):
        wrong.append("No packet was lost on lossy links.")
    print("links: " + ", ".join(f"{count} {name}" for name, count in sorted(troubles.counts.items())))
    print(f"pictures: {len(LINES) * len(folders)} in {len(folders)} jobs; stranger's tries: {stranger.tries}; "
          f"{'uncounted' if packets is None else packets} packets lost; {listener.bytes / 1e6:.0f} MB listened to; "
          f"{time.monotonic() - began:.0f} s")
    return wrong


def judge_pictures(hosts: Hosts, folders: list[Path]) -> list[str]:
    """The first job's pictures are made again on this machine, the others are compared with the first's."""
    key = hosts.say(hosts.coordinator, "keys", "show").strip()
    first = digests(folders[0])
    wrong = [] if len(first) == len(LINES) else [f"{len(first)} of {len(LINES)} pictures came."]
    for number, folder in enumerate(folders):
        # Off the network: what is made again comes from the model and the manifest alone.
        again = ["--rerender", str(len(LINES)), "--model", str(MODEL)] if number == 0 else []
        command = [hosts.atelier, "verify", str(folder), "--key", key, "--json", *again]
        report = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
        made = report["rerendered"]
        if again and not (len(made) == len(LINES) and all(one["is_same_file"] for one in made)):
            wrong.append(f"Made again on this machine, pictures of {folder.name} are others: {made}")
        if report.get("signature") or report["missing"] or report["changed"] or report["extra"]:
            wrong.append(f"{folder.name} is not what was signed: {report}")
        if digests(folder) != first:
            wrong.append(f"Pictures of {folder.name} are others than those of {folders[0].name}.")
    return wrong


def judge_admission(hosts: Hosts) -> list[str]:
    keys, workers = hosts.facts(hosts.client, "workers", "keys"), hosts.facts(hosts.client, "workers")
    wrong = []
    if sorted(key["name"] for key in keys) != sorted(WORKERS):
        wrong.append(f"Other keys than the four are listed: {keys}")
    known = {key["fingerprint"] for key in keys}
    wrong += [f"{worker['id']} has no listed key." for worker in workers if worker["id"].split("-")[-1] not in known]
    status, metrics = ask(hosts.client, "https://{}:8080/metrics".format(hosts.coordinator.address),
                          hosts.access["ATELIER_API_TOKEN"])
    refused = re.search(r"^atelier_connections_refused_total (\d+)", metrics, re.MULTILINE)
    if status != 200 or not refused or int(refused[1]) == 0:
        wrong.append(f"No refused connection was counted: {status}, {metrics[:300]}")
    return wrong


def revoke(hosts: Hosts) -> list[str]:
    """A worker whose key is revoked leaves, and does not get in again."""
    hosts.say(hosts.client, "workers", "revoke", "decoder-3")
    process = hosts.processes.pop("decoder-3")
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return ["A worker whose key was revoked goes on."]
    words = hosts.say(hosts.workers["decoder-3"], "worker", "--pool", "decoder", "--model", str(MODEL), fails=True)
    hosts.wait_for_workers([name for name in WORKERS if name != "decoder-3"])
    return [] if "revoked" in words else [f"A revoked worker is told: {words}"]


if __name__ == "__main__":
    main()
