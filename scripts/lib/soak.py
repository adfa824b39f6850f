"""Bad days of a real cluster, one after the other, beside good work: its pictures are compared with an undisturbed
run's, and its processes must not grow."""

import argparse
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error

from scripts.lib import chaos
from scripts.lib.bad_link import BadLink
from scripts.lib.growth import Growth
from scripts.lib.local_cluster import Cluster

# Seconds between troubles, on average.
EVERY = 8
DISK = 256 * 1024 * 1024
# What is never killed, and so shows whether it grows. The coordinator is left alone in the second half.
SPARED = ["decoder-1"]
# Files that must be refused, and what each is.
BAD_FILES = [
    ("jsonl", b'{"prompt": "a", "n": 0}\n'), ("jsonl", b'{"prompt": \n'), ("jsonl", b'{"prompt": "a", "prompt": "b"}\n'),
    ("jsonl", b'{"prompt": "a", "seed": -1}\n'), ("jsonl", b'{"prompt": "a", "sampler": "none"}\n'),
    ("jsonl", b'{"prompt": "a", "prior_guidance": NaN}\n'), ("csv", b'prompt\n"never closed\n'), ("csv", b"text\na\n"),
    ("txt", b"a\0b\n"), ("txt", b""), ("jsonl", b'{"edit": {"image": "sha256:' + 64 * b"0" + b'"}, "prompt": "a"}\n'),
]


class Disk:
    """A small file system for the cluster's data, where this user may mount one."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True)
        self.is_mounted = mount.returncode == 0

    def fill(self):
        with contextlib.suppress(OSError), open(self.folder / "ballast", "wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass

    def free(self):
        (self.folder / "ballast").unlink(missing_ok=True)

    def leave(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


class Soak:
    """The troubles, by name; each leaves the cluster as it found it but for what it did."""

    def __init__(self, cluster, disk, link, draw, began, seconds):
        self.cluster, self.disk, self.link, self.draw = cluster, disk, link, draw
        self.half = began + seconds / 2
        self.counts, self.wrong = {}, []

    def strike(self):
        names = ["kill", "slow link", "late link", "cut link", "bad file", "bad message"]
        if self.disk.is_mounted:
            names.append("full disk")
        name = self.draw.choice(names)
        self.counts[name] = self.counts.get(name, 0) + 1
        getattr(self, name.replace(" ", "_"))()

    def kill(self):
        names = [name for name in self.cluster.processes if name not in SPARED]
        if time.monotonic() > self.half:
            names.remove("coordinator")
        name = self.draw.choice(names)
        self.cluster.kill(name)
        time.sleep(self.draw.uniform(0, 1))
        self.cluster.restart(name)

    def slow_link(self):
        self.link.bytes_per_second = 60_000
        time.sleep(self.draw.uniform(2, 10))
        self.link.heal()

    def late_link(self):
        self.link.seconds_late = self.draw.uniform(0.2, 1.0)
        time.sleep(self.draw.uniform(2, 10))
        self.link.heal()

    def cut_link(self):
        self.link.cut()

    def full_disk(self):
        self.disk.fill()
        time.sleep(self.draw.uniform(1, 6))
        self.disk.free()

    def bad_file(self):
        kind, body = self.draw.choice(BAD_FILES)
        try:
            answer = self.cluster.ask(f"/api/v1/jobs?format={kind}", method="POST", body=body)
            self.wrong.append(f"taken: {body!r}: {answer!r}")
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                self.wrong.append(f"{error.code} for {body!r}")
        except OSError:
            pass  # It is being started again.

    def bad_message(self):
        """Nonsense to the port of workers, once as it is and once in ZeroMQ's own frames."""
        import socket
        greeting = b"\xff" + 8 * b"\0" + b"\x7f\x03\0NULL" + 16 * b"\0" + b"\0" + 31 * b"\0"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.cluster.work), 2) as peer:
            peer.sendall(self.draw.choice([b"", greeting]) + self.draw.randbytes(self.draw.randint(1, 4000)))


def leftovers(cluster):
    """What outlived its job: rows of results, and files in the data folder."""
    with contextlib.closing(sqlite3.connect(f"file:{cluster.data}/atelier.sqlite?mode=ro", uri=True)) as store:
        rows = {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("artifacts", "checkpoints")}
    found = [f"{count} rows of {table}" for table, count in rows.items() if count]
    staging = cluster.data / "pictures" / ".staging"
    if staging.is_dir() and (files := list(staging.iterdir())):
        found.append(f"{len(files)} files in {staging.name}")
    found += [path.name for path in cluster.data.glob("backup-*")]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--seconds", type=float, default=3600, help="of troubles")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of their sequence")
    options = parser.parse_args()
    print(f"seed {options.seed}; first the undisturbed run", file=sys.stderr, flush=True)
    with Cluster("calm", options.atelier, chaos.MODEL, chaos.SETTINGS) as cluster:
        chaos.begin(cluster)
        job = chaos.submit(cluster)
        if not chaos.wait(cluster, [job], 600):
            sys.exit("The undisturbed run does not end.")
        expected = {(i["item"], i["index"]): i["sha256"] for i in cluster.images(job)}
    with Cluster("soak", options.atelier, chaos.MODEL, chaos.SETTINGS) as cluster:
        disk = Disk(cluster.data)
        if not disk.is_mounted:
            print("No file system can be mounted here, so no disk gets full.", file=sys.stderr, flush=True)
        try:
            run(cluster, disk, options, expected)
        finally:
            cluster.stop()
            disk.leave()


def run(cluster, disk, options, expected):
    chaos.begin(cluster)
    link = BadLink(cluster.work)
    cluster.launch("decoder-far", "worker", "--pool", "decoder", "--threads", "1", "--connect",
                   f"tcp://127.0.0.1:{link.port}")
    watch, growth = chaos.Watch(cluster), Growth(cluster, ["coordinator", *SPARED])
    over = threading.Event()
    jobs = []

    def feed():
        while not over.is_set():
            try:
                jobs.append(chaos.submit(cluster))
            except OSError:
                continue
            watch.jobs.append(jobs[-1])
            while not over.is_set() and len(jobs) > 1 and not chaos.wait(cluster, jobs[-2:-1], 0.5):
                pass

    feeder = threading.Thread(target=feed, daemon=True)
    for thread in (feeder, watch, growth):
        thread.start()
    print(f"now {options.seconds:.0f} seconds of troubles", file=sys.stderr, flush=True)
    began = time.monotonic()
    soak = Soak(cluster, disk, link, random.Random(options.seed), began, options.seconds)
    while (left := began + options.seconds - time.monotonic()) > 0:
        time.sleep(min(left, soak.draw.uniform(0.5, 2 * EVERY - 0.5)))
        soak.strike()
        cluster.check()
    over.set()
    feeder.join(timeout=120)
    ended = chaos.wait(cluster, jobs, 600)
    growth.over = watch.over = True
    watch.join(timeout=30)
    time.sleep(2)
    facts, grown = growth.found()
    for name, fact in facts.items():
        print(f"{name}: {fact}")
    print("troubles: " + ", ".join(f"{count} {name}" for name, count in sorted(soak.counts.items())))
    took = time.monotonic() - began
    is_good = chaos.report(cluster, options.seed, jobs, expected, watch, ended, took, {"troubles": sum(soak.counts.values())})
    cluster.stop()  # Its database is its own while it runs.
    wrong = soak.wrong + grown + [f"left over: {what}" for what in leftovers(cluster)]
    for entry in wrong:
        print(f"wrong: {entry}")
    sys.exit(0 if is_good and not wrong else 1)


if __name__ == "__main__":
    main()
