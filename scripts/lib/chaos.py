"""Kills processes of a real cluster at random and compares its pictures with an undisturbed run's."""

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from pathlib import Path

from scripts.lib.local_cluster import Cluster, patiently

MODEL = Path(__file__).resolve().parents[2] / "models/starter"
# Prompts of each job, and seconds between kills, on average.
PROMPTS = 24
EVERY = 3.5
STEPS = {"prior_steps": 6, "decoder_steps": 12, "super_res_steps": 4}
# Small times, so that ten minutes see as much as days would. No number of kills makes a task fail here:
# what is looked for is loss, and each kill counts as a failed attempt of the task that ran.
SETTINGS = {"heartbeat_seconds": 0.4, "silence_seconds": 2.5, "checkpoint_seconds": 0.5, "backoff_seconds": 0.1,
            "attempts": 100}
WORKERS = {"prior": ["worker", "--pool", "prior", "--threads", "1"],
           "decoder-1": ["worker", "--pool", "decoder", "--threads", "1"],
           "decoder-2": ["worker", "--pool", "decoder", "--threads", "1"]}


def begin(cluster):
    cluster.launch("coordinator", "coordinator")
    cluster.ready()
    for name, arguments in WORKERS.items():
        cluster.launch(name, *arguments)


def submit(cluster):
    """Submits until it is acknowledged. A submission that was not is no job, or one that is not counted."""
    things = ["a red apple", "a banana", "a pizza", "a cat", "a green leaf", "a blue cup"]
    colours = ["blue", "green", "white", "black"]
    body = "".join(
        json.dumps({"prompt": f"{things[i % 6]} on a {colours[i % 4]} background", "seed": 1000 + i, **STEPS}) + "\n"
        for i in range(PROMPTS)).encode()
    return patiently(lambda: json.loads(cluster.ask("/api/v1/jobs?format=jsonl", method="POST", body=body)))["job"]


def wait(cluster, jobs, seconds):
    deadline = time.monotonic() + seconds
    for job in jobs:
        while patiently(lambda: cluster.get(f"jobs/{job}"))["state"] not in ("completed", "cancelled"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.3)
    return True


class Watch(threading.Thread):
    """Remembers the file of each picture as it was when it was first called finished."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.seen, self.jobs, self.over = cluster, {}, [], False

    def run(self):
        while not self.over:
            for job in list(self.jobs)[-3:]:
                try:
                    self.look(job)
                except OSError:
                    pass
            time.sleep(1)

    def look(self, job):
        for line in self.cluster.images(job):
            if line["state"] == "completed":
                path = self.cluster.data / "pictures" / line["file"]
                self.seen.setdefault(path, path.stat().st_ino)

    def rewritten(self):
        return [path for path, inode in self.seen.items() if path.stat().st_ino != inode]


def trouble(cluster, options, draw):
    """Kills and starts again until the time is over. Returns counts of kills and the steps that were thrown away."""
    kills = dict.fromkeys(["coordinator", *WORKERS], 0)
    wasted = 0
    began = time.monotonic()
    names = list(kills)
    while (left := began + options.seconds - time.monotonic()) > 0:
        time.sleep(min(left, draw.uniform(0.3, 2 * EVERY - 0.3)))
        victims = draw.sample(names, 2 if draw.random() < 0.15 else 1)
        try:
            running = cluster.get("workers", timeout=1)
        except OSError:
            running = []
        for name in victims:
            pid = cluster.processes[name].pid
            wasted += sum(r["step"] for w in running if w["process_id"] == pid for r in w["running"])
            cluster.kill(name)
            kills[name] += 1
        time.sleep(draw.uniform(0, 1.0))
        for name in victims:
            cluster.restart(name)
        cluster.check()
    return kills, wasted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--seconds", type=float, default=600, help="of kills")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of their sequence")
    options = parser.parse_args()
    print(f"seed {options.seed}; first the undisturbed run", file=sys.stderr, flush=True)
    with Cluster("calm", options.atelier, MODEL, SETTINGS) as cluster:
        begin(cluster)
        job = submit(cluster)
        if not wait(cluster, [job], 600):
            sys.exit("The undisturbed run does not end.")
        expected = {(i["item"], i["index"]): i["sha256"] for i in cluster.images(job)}
    with Cluster("chaos", options.atelier, MODEL, SETTINGS) as cluster:
        begin(cluster)
        watch = Watch(cluster)
        over = threading.Event()
        jobs = []

        def feed():
            while not over.is_set():
                jobs.append(submit(cluster))
                watch.jobs.append(jobs[-1])
                # Two jobs at a time, so that there is always work.
                while not over.is_set() and len(jobs) > 1 and not wait(cluster, jobs[-2:-1], 0.5):
                    pass

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        watch.start()
        print(f"now {options.seconds:.0f} seconds of kills", file=sys.stderr, flush=True)
        began = time.monotonic()
        kills, wasted = trouble(cluster, options, random.Random(options.seed))
        over.set()
        feeder.join(timeout=120)
        ended = wait(cluster, jobs, 600)
        took = time.monotonic() - began
        watch.over = True
        watch.join(timeout=30)
        is_good = report(cluster, options.seed, jobs, expected, watch, ended, took, {
            "kills": sum(kills.values()), "kills_by_process": kills, "wasted_steps_at_most": wasted})
    sys.exit(0 if is_good else 1)


def report(cluster, seed, jobs, expected, watch, ended, took, troubles):
    """Prints what became of all jobs; whether nothing was lost, different or published twice."""
    lost, failed, different, damaged, published, twice, repeated, steps = [], [], [], [], 0, [], 0, 0
    for job in jobs:
        images = cluster.images(job)
        keys = [(i["item"], i["index"]) for i in images]
        twice += [f"{job} {key}" for key in set(keys) if keys.count(key) > 1]
        lost += [f"{job} {key}" for key in expected if key not in keys]
        for image in images:
            key = (image["item"], image["index"])
            repeated += sum(stage["attempts"] - 1 for stage in image["stages"])
            steps += sum(STEPS.values())
            if image["state"] != "completed":
                (failed if image["state"] == "failed" else lost).append(f"{job} {key}: {image.get('error')}")
                continue
            published += 1
            digest = hashlib.sha256((cluster.data / "pictures" / image["file"]).read_bytes()).hexdigest()
            if digest != image["sha256"]:
                damaged.append(f"{job} {key}")
            if image["sha256"] != expected[key]:
                different.append(f"{job} {key}")
    twice += watch.rewritten()
    result = {
        "seed": seed, "seconds": round(took), **troubles, "jobs": len(jobs), "pictures": published,
        "repeated_attempts": repeated, "steps": steps,
        "lost": len(lost), "failed": len(failed), "different": len(different), "damaged": len(damaged),
        "published_twice": len(twice), "all_jobs_ended": ended,
    }
    good = ended and not (lost or failed or different or damaged or twice)
    for key, value in result.items():
        print(f"{key.replace('_', ' ')}: {value}")
    for name, found in [("lost", lost), ("failed", failed), ("different", different), ("damaged", damaged),
                        ("published twice", twice)]:
        for entry in found[:5]:
            print(f"{name}: {entry}")
    print("passed" if good else "FAILED")
    return good


if __name__ == "__main__":
    main()
