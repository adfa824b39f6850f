"""Celery with Redis, durable as far as it goes: an append-only file with a sync at every write."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from local_cluster import free_ports

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


def measure(options, count=20000, processes=2):
    """Enqueues tasks that do nothing and times them, by two worker processes with four tasks each in hand."""
    folder = tempfile.mkdtemp(prefix="celery-", dir=options.folder)
    (port,) = free_ports(1)
    redis = subprocess.Popen(
        ["redis-server", "--port", str(port), "--dir", folder, "--appendonly", "yes", "--appendfsync", "always",
         "--save", "", "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
    worker = None
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        with open(os.path.join(folder, "tasks.py"), "w") as file:
            file.write(APPLICATION)
        os.environ["BROKER"] = f"redis://127.0.0.1:{port}/0"
        sys.path.insert(0, folder)
        import tasks

        start = time.monotonic()
        results = [tasks.nothing.delay(i) for i in range(count)]
        enqueued = time.monotonic() - start
        with open(os.path.join(folder, "worker.log"), "w") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--concurrency", str(processes),
                 "--loglevel", "error", "--without-gossip", "--without-mingle"],
                cwd=folder, stdout=log, stderr=log)
        results[0].get(timeout=120)
        start = time.monotonic()
        done_at_start = count - tasks.app.connection().default_channel.client.llen("celery")
        results[-1].get(timeout=600)
        while tasks.app.connection().default_channel.client.llen("celery"):
            time.sleep(0.05)
        took = time.monotonic() - start
        return {"tasks": count, "worker_processes": processes, "enqueued_a_second": round(count / enqueued),
                "tasks_a_second": round((count - done_at_start) / took)}
    finally:
        if worker:
            worker.terminate()
            worker.wait()
        redis.terminate()
        redis.wait()
        shutil.rmtree(folder, ignore_errors=True)
