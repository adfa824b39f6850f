"""Opens thousands of connections to a coordinator, half a request over each, and asks it for the list of jobs beside."""

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import time

from scripts.lib.local_cluster import Cluster

BAR_MS = 50
# The attacker's addresses and those of others: all of 127.0.0.0/8 are this machine's.
ATTACKERS, OTHER = ["127.0.0.2", "127.0.0.3", "127.0.0.4"], "127.0.0.1"


def ask(port: int, address: str) -> float:
    """Milliseconds until the list of jobs is there, over a connection of its own."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(address, 0))
    connection.request("GET", "/api/v1/jobs?limit=30")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"The coordinator answers {answer.status}.")
    return (time.monotonic() - start) * 1000


def half_request(port: int, address: str) -> socket.socket:
    one = socket.socket()
    one.bind((address, 0))
    one.connect(("127.0.0.1", port))
    one.send(b"GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: ")
    return one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", required=True)
    parser.add_argument("--connections", type=int, default=5000)
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Cluster("half-requests", arguments.atelier) as cluster:
        cluster.launch("coordinator", "coordinator")
        cluster.ready()
        quiet = [ask(cluster.http, OTHER) for _ in range(200)]
        held, meanwhile = [], []
        for number in range(arguments.connections):
            held.append(half_request(cluster.http, ATTACKERS[number % len(ATTACKERS)]))
            if number % 50 == 49:
                meanwhile.append(ask(cluster.http, OTHER))
        after = [ask(cluster.http, OTHER) for _ in range(200)]
        same = [ask(cluster.http, ATTACKERS[0]) for _ in range(200)]
        files = len(os.listdir(f"/proc/{cluster.processes['coordinator'].pid}/fd"))
        facts = {"connections": arguments.connections, "files_of_the_coordinator": files}
        for name, times in [("quiet", quiet), ("meanwhile", meanwhile), ("after", after), ("same_address", same)]:
            facts[name] = {"median_ms": round(statistics.median(times), 1), "worst_ms": round(max(times), 1)}
        worst = max(meanwhile + after + same)
        facts["others_within_bar"] = f"{'held' if worst <= BAR_MS else 'MISSED'} ({BAR_MS} ms)"
        print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
