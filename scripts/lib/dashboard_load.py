"""What who looks at the dashboard costs the coordinator of many large jobs; `scripts/dashboard --load` runs it."""

import argparse
import os
import sys
import time
from pathlib import Path

from scripts.lib.browser import Browser
from scripts.lib.local_cluster import Cluster

# What a viewer may cost, in cores.
BOUND = 0.02
# Frames of a scroll through a grid of 100,000 may be this late, in milliseconds, in the 95th of a hundred.
LATE = 100
SCROLL = """
const done = arguments[arguments.length - 1], late = [], end = document.documentElement.scrollHeight - innerHeight;
let before = performance.now(), step = 0;
requestAnimationFrame(function frame(now) {
  late.push(now - before);
  before = now;
  scrollTo(0, end * step / 200);
  if ((step += 1) <= 200) requestAnimationFrame(frame);
  else done(late.slice(1).sort((a, b) => a - b));
});
"""


def seconds(pid: int) -> float:
    """Processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cores(pid: int, duration: float) -> float:
    before, start = seconds(pid), time.monotonic()
    time.sleep(duration)
    return (seconds(pid) - before) / (time.monotonic() - start)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/dashboard --load")
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--atelier")
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("out/dashboard"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    faults = []
    with Cluster("dashboard-load", options.atelier, Path("models/starter")) as cluster:
        cluster.launch("coordinator", "coordinator")
        cluster.ready()
        body = "".join(f"a red apple, number {line}\n" for line in range(options.pictures)).encode()
        job = ""
        for number in range(options.jobs):
            cluster.ask(f"/api/v1/jobs?format=txt&name=job%20{number}", "POST", body, timeout=600)
        job = cluster.get("jobs?limit=1")[0]["id"]
        process = cluster.processes["coordinator"].pid
        # One decoder and one prior that work, so that something moves.
        cluster.launch("worker-prior", "worker", "--pool", "prior", "--threads", "1")
        cluster.launch("worker-decoder", "worker", "--pool", "decoder", "--threads", "1")
        time.sleep(20)
        alone = cores(process, options.seconds)
        print(f"nobody looks: {alone:.4f} cores")
        for page in ["#/", f"#/jobs/{job}", "#/workers"]:
            with Browser(cluster.url, 1280, 900, "light", options.out) as browser:
                browser.open(page)
                browser.find("h1, h2")
                time.sleep(5)
                cost = cores(process, options.seconds) - alone
                print(f"somebody looks at {page}: {cost:+.4f} cores")
                if cost > BOUND:
                    faults.append(f"{page} costs {cost:.4f} cores, more than {BOUND}")
        with Browser(cluster.url, 1280, 900, "light", options.out) as browser:
            browser.open(f"#/jobs/{job}")
            browser.find(".grid .cell a")
            frames = browser.driver.execute_async_script(SCROLL)
            late = frames[int(len(frames) * 0.95)]
            browser.until("the last pictures", lambda: browser.count(f".cell a[href*='/{options.pictures - 1}/0']"))
            print(f"a frame of a scroll through {options.pictures} pictures: {frames[len(frames) // 2]:.0f} ms, "
                  f"95 of 100 within {late:.0f} ms; {browser.count('.cell')} pictures in the page")
            if late > LATE:
                faults.append(f"a scroll is late by {late:.0f} ms")
    if faults:
        sys.exit("; ".join(faults))


if __name__ == "__main__":
    main()
