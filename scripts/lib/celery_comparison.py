"""Celery with Redis, durable as far as it goes: an append-only file with a sync at every write."""

import os
import socket
import sys
import time

from scripts.lib.local_cluster import Processes, free_ports, patiently

# Of the comparison: tasks that do nothing, and the worker processes that work them off.
COUNT = 20000
WORKERS = 2

APPLICATION = '''
import os
from celery import Celery
app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=4, task_ignore_result=False,
                result_expires=3600, worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)

@app.task(name="nothing")
def nothing(index):
    return index
'''


def measure():
    """Enqueues tasks that do nothing and times them, by worker processes with four tasks each in hand."""
    with Processes("celery") as processes:
        (port,) = free_ports(1)
        processes.start("redis", [
            "redis-server", "--port", str(port), "--dir", processes.folder, "--appendonly", "yes", "--appendfsync",
            "always", "--save", "", "--bind", "127.0.0.1"])
        patiently(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close())
        (processes.folder / "tasks.py").write_text(APPLICATION)
        os.environ["BROKER"] = f"redis://127.0.0.1:{port}/0"
        sys.path.insert(0, str(processes.folder))
        import tasks

        start = time.monotonic()
        results = [tasks.nothing.delay(i) for i in range(COUNT)]
        enqueued = time.monotonic() - start
        processes.start("worker", [
            sys.executable, "-m", "celery", "-A", "tasks", "worker", "--concurrency", str(WORKERS), "--loglevel",
            "error", "--without-gossip", "--without-mingle"], cwd=processes.folder)
        results[0].get(timeout=120)
        start = time.monotonic()
        done_at_start = COUNT - tasks.app.connection().default_channel.client.llen("celery")
        results[-1].get(timeout=600)
        while tasks.app.connection().default_channel.client.llen("celery"):
            time.sleep(0.05)
        took = time.monotonic() - start
        return {"tasks": COUNT, "worker_processes": WORKERS, "enqueued_a_second": round(COUNT / enqueued),
                "tasks_a_second": round((COUNT - done_at_start) / took)}
