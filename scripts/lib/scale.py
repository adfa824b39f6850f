"""Measures one coordinator with many simulated workers, and Celery with Redis doing the same."""

import argparse
import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time

from scripts.lib import encryption_cost
from scripts.lib.local_cluster import Cluster
from scripts.lib.memory import peak_memory

# A thousand workers need more between the pools than the default, which is for a handful.
SETTINGS = {"embedded_ahead": 20000}


def percentile(values, part):
    values = sorted(values)
    return values[int((len(values) - 1) * part)] if values else 0.0


def coordinator_memory(cluster):
    return round(peak_memory(cluster.processes["coordinator"].pid) / 2**20)


def processor_seconds(cluster):
    """That the coordinator has used since its start, on all cores."""
    fields = open(f"/proc/{cluster.processes['coordinator'].pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lines(count):
    for i in range(count):
        yield b"a picture of thing number %d on a table\n" % i


def assignment_p99(cluster):
    """Milliseconds under which 99 of 100 assignments went out, counted by the coordinator from the moment when a worker
    was free and there was work for its pool: the end of a bucket of its histogram."""
    counts = re.findall(r'atelier_assignment_seconds_bucket{le="([^"]+)"} (\d+)', cluster.ask("/metrics").decode())
    total = int(counts[-1][1])
    for end, count in counts:
        if int(count) >= 0.99 * total:
            return float(end) * 1000
    return float("inf")


class StatusPoll(threading.Thread):
    """Asks for the status of all jobs and, once it is known, of the job, again and again, as people and dashboards do."""

    def __init__(self, cluster, job=None):
        super().__init__(daemon=True)
        self.cluster, self.job, self.times, self.over = cluster, job, [], False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.http, timeout=60)
        while not self.over:
            start = time.monotonic()
            is_of_job = self.job and len(self.times) % 2
            connection.request("GET", f"/api/v1/jobs/{self.job}" if is_of_job else "/api/v1/jobs?limit=30")
            connection.getresponse().read()
            self.times.append(time.monotonic() - start)
            time.sleep(0.05)

    def facts(self):
        self.over = True
        self.join()
        return {"status_p50_ms": round(percentile(self.times, 0.5) * 1000, 1),
                "status_p99_ms": round(percentile(self.times, 0.99) * 1000, 1),
                "status_worst_ms": round(max(self.times) * 1000, 1), "status_asked": len(self.times)}


def submit(cluster, count):
    connection = http.client.HTTPConnection("127.0.0.1", cluster.http, timeout=600)
    start = time.monotonic()

    def chunks():
        chunk = b""
        for line in lines(count):
            chunk += line
            if len(chunk) > 1 << 16:
                yield chunk
                chunk = b""
        yield chunk

    connection.request("POST", "/api/v1/jobs?format=txt&model=fleet&seed=1", body=chunks(), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    if answer.status != 201:
        sys.exit(f"The submission was refused: {body}")
    return body["job"], time.monotonic() - start


@contextlib.contextmanager
def coordinator(options, more=""):
    with Cluster("scale", options.atelier, settings=SETTINGS, more=more) as cluster:
        cluster.launch("coordinator", "coordinator")
        cluster.ready()
        yield cluster


def fleet(options, cluster, workers, task_seconds, capacity=4, prior=0.34, has_keys=False):
    """Simulated workers, once they are connected: their reports, one a second."""
    command = [options.fleet, "--connect", f"tcp://127.0.0.1:{cluster.work}", "--workers", str(workers),
               "--task-seconds", str(task_seconds), "--capacity", str(capacity), "--prior", str(prior)]
    if has_keys:
        command += ["--token", encryption_cost.worker_token(options, cluster, workers)]
    crew = cluster.start("fleet", command, stdout=subprocess.PIPE, text=True)
    reports = map(json.loads, crew.stdout)
    for report in reports:
        if report["connected"] == workers:
            return reports
    sys.exit(f"The simulated workers do not connect. {cluster.said()}")


def measure(options, task_seconds, job_size, capacity=4, prior=0.34, has_keys=False):
    """Tasks a second and waits while a job runs, after a second of warming up. `has_keys`: workers prove who they are,
    and all is encrypted."""
    with coordinator(options, "security:\n  workers: curve\n" if has_keys else "") as cluster:
        coming = fleet(options, cluster, options.workers, task_seconds, capacity, prior, has_keys)
        job, _ = submit(cluster, job_size)
        poll = StatusPoll(cluster, job)
        poll.start()
        reports, begin = [], time.monotonic()
        for report in coming:
            # The first have gathered while the job was handed in.
            if not report["committed"]:
                continue
            reports.append({**report, "processor_seconds": processor_seconds(cluster)})
            status = cluster.get(f"jobs/{job}")
            if time.monotonic() - begin > options.seconds or status["state"] == "completed":
                break
        facts = poll.facts()
        # Both pools have work only after the first pictures have come through.
        busy = [r for r in reports[4:-1] if r["assignments"]]
        first, last = reports[0], reports[-2]
        committed = last["committed"] - first["committed"]
        return {
            "workers": options.workers, "task_seconds": task_seconds, "held_each": capacity,
            "tasks_a_second": round(committed / (last["seconds"] - first["seconds"])),
            # Differs less from run to run than what the machine's other work leaves of it a second.
            "coordinator_ms_a_task": round(
                1000 * (last["processor_seconds"] - first["processor_seconds"]) / max(committed, 1), 3),
            "assignment_p99_under_ms": assignment_p99(cluster),
            "free_to_assignment_p50_ms": round(percentile([r["p50_ms"] for r in busy], 0.5), 1),
            "free_to_assignment_p99_ms": round(max((r["p99_ms"] for r in busy), default=0), 1),
            "coordinator_mb": coordinator_memory(cluster), **facts}


def tasks(options):
    """Workers that take no time: as many tasks as the coordinator can commit."""
    return measure(options, 0, options.prompts)


def latency(options):
    """Workers that hold one task of about a second: each is free until the coordinator gives it the next. Enough of
    them are in the prior pool that the others never wait for work."""
    return measure(options, 1.0, 40000, capacity=1, prior=0.45)


def million(options):
    """One job of very many prompts, for a model that workers have announced before they left."""
    with coordinator(options) as cluster:
        fleet(options, cluster, 2, 0.05)
        cluster.kill("fleet")
        poll = StatusPoll(cluster)
        poll.start()
        job, took = submit(cluster, options.million)
        poll.job = job
        time.sleep(1)
        counted = cluster.get(f"jobs/{job}")
        begin = time.monotonic()
        cluster.ask(f"/api/v1/jobs/{job}/cancel", method="POST")
        cancelled = time.monotonic() - begin
        # Its rows follow, a part a turn.
        time.sleep(10)
        facts = poll.facts()
        return {"prompts": counted["items"], "accepted_seconds": round(took, 1),
                "cancelled_ms": round(cancelled * 1000),
                "coordinator_peak_mb": coordinator_memory(cluster),
                "database_mb": round((cluster.data / "atelier.sqlite").stat().st_size / 1e6), **facts}


def curve(options):
    return encryption_cost.curve(options, lambda has_keys: measure(options, 0, options.prompts, has_keys=has_keys))


BARS = {
    "tasks": [("tasks_a_second", ">=", 5000)],
    "latency": [("assignment_p99_under_ms", "<=", 50), ("status_worst_ms", "<", 50)],
    "million": [("accepted_seconds", "<", 60), ("coordinator_peak_mb", "<", 400), ("cancelled_ms", "<", 1000),
                ("status_worst_ms", "<", 50)],
    "curve": [("part_of_plain", ">=", 0.8)],
    "tls": [("tls_costs_ms", "<=", 2)],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--fleet", required=True)
    parser.add_argument("--only", choices=list(BARS))
    parser.add_argument("--workers", type=int, default=1000, help="simulated ones")
    parser.add_argument("--seconds", type=float, default=20, help="of each part that counts tasks")
    parser.add_argument("--prompts", type=int, default=100_000, help="of the job whose tasks are counted")
    parser.add_argument("--million", type=int, default=1_000_000, help="prompts of the one large job")
    parser.add_argument("--rounds", type=int, default=3, help="of each of the two that 'curve' compares")
    parser.add_argument("--submissions", type=int, default=300, help="of each of the two that 'tls' compares")
    parser.add_argument("--celery", action="store_true")
    options = parser.parse_args()
    kept = True
    for name, run in [("tasks", tasks), ("latency", latency), ("million", million), ("curve", curve),
                      ("tls", encryption_cost.tls)]:
        if options.only in (None, name):
            result = run(options)
            print(json.dumps({"part": name, **result}), flush=True)
            for key, sign, bar in BARS[name]:
                holds = {">=": result[key] >= bar, "<=": result[key] <= bar, "<": result[key] < bar}[sign]
                kept &= holds
                print(f"  {'holds' if holds else 'MISSED'}: {key.replace('_', ' ')} {result[key]} {sign} {bar}", flush=True)
    if options.celery:
        from scripts.lib.celery_comparison import measure as celery
        print(json.dumps({"part": "celery with redis", **celery()}), flush=True)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
