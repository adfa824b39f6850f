"""What encryption costs: workers with keys against workers without, and submissions over HTTPS against plain ones. The
two take turns in one run, so that both have the same machine."""

import contextlib
import http.client
import json
import ssl
import statistics
import subprocess
import time

from scripts.lib.chaos import MODEL
from scripts.lib.local_cluster import Cluster

# Not counted, until both sides have done everything once.
WARMING_UP = 20


def worker_token(options, cluster, workers):
    """A token by which so many simulated workers join, each with a key of its own."""
    command = [options.atelier, "worker-token", "--uses", str(workers), "--server", cluster.url]
    return subprocess.run(command, cwd=cluster.folder, capture_output=True, text=True, check=True).stdout.strip()


def curve(options, measure):
    """Tasks a second without keys and with keys, in turn; medians and their ratio."""
    rates = {False: [], True: []}
    for _ in range(options.rounds):
        for has_keys in rates:
            rates[has_keys].append(measure(has_keys)["tasks_a_second"])
    plain, encrypted = (statistics.median(rates[has_keys]) for has_keys in (False, True))
    return {"workers": options.workers, "plain_tasks_a_second": plain, "curve_tasks_a_second": encrypted,
            "part_of_plain": round(encrypted / plain, 3), "plain_rounds": rates[False], "curve_rounds": rates[True]}


class Submitter:
    """Submits one prompt at a time to one coordinator."""

    def __init__(self, cluster, token=None):
        self.cluster, self.token = cluster, token
        self.times = {"kept": [], "new": []}
        self._kept = self._connect()

    def _connect(self):
        if self.token is None:
            return http.client.HTTPConnection("127.0.0.1", self.cluster.http, timeout=60)
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection("127.0.0.1", self.cluster.http, timeout=60, context=context)

    def submit(self, over):
        """`over`: a connection that is kept, or a new one."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        start = time.monotonic()
        connection = self._kept if over == "kept" else self._connect()
        connection.request("POST", "/api/v1/jobs?format=txt", body=b"a red apple\n", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        self.times[over].append((time.monotonic() - start) * 1000)
        if answer.status != 201:
            raise SystemExit(f"A submission was answered with {answer.status}: {body.decode()}")
        if over == "new":
            connection.close()

    def median(self, over):
        return statistics.median(self.times[over][WARMING_UP:])


def tls(options):
    """Milliseconds from a prompt to its durable job, plain as on one machine and over HTTPS with a token, in turn: over
    a connection that is kept, and over a new one each time."""
    with contextlib.ExitStack() as stack:
        def start(more=""):
            cluster = stack.enter_context(Cluster("tls", options.atelier, MODEL, more=more))
            cluster.launch("coordinator", "coordinator")
            return cluster
        plain, encrypted = start(), start("security:\n  http: tls\n")
        plain.ready()
        sides = [Submitter(plain), Submitter(encrypted, token(options, encrypted))]
        for _ in range(WARMING_UP + options.submissions):
            for over in ("kept", "new"):
                for side in sides:
                    side.submit(over)
        without, with_tls = ({over: side.median(over) for over in side.times} for side in sides)
        return {"submissions": options.submissions, "plain_ms": round(without["kept"], 2),
                "tls_ms": round(with_tls["kept"], 2), "tls_costs_ms": round(with_tls["kept"] - without["kept"], 2),
                "plain_new_connection_ms": round(without["new"], 2), "tls_new_connection_ms": round(with_tls["new"], 2)}


def token(options, cluster):
    """One that may submit, as soon as the coordinator is there."""
    command = [options.atelier, "token", "create", "--name", "bench", "--scope", "submit", "--json"]
    deadline = time.monotonic() + 60
    while True:
        cluster.check()
        made = subprocess.run(command, cwd=cluster.folder, capture_output=True, text=True)
        if made.returncode == 0:
            return json.loads(made.stdout)["token"]
        if time.monotonic() > deadline:
            raise SystemExit(f"No token is made: {made.stderr}")
        time.sleep(0.2)
