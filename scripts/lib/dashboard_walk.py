"""Clicks through the dashboard; `scripts/dashboard` runs it."""

import argparse
import contextlib
import json
import sys
import urllib.request
from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from scripts.lib.browser import Browser
from scripts.lib.local_cluster import Cluster

# A picture may take this long on a busy machine.
MADE = 600.0
PROMPTS = "a red apple on a blue background\na banana on a purple background\na rocket on a green background\n"
WINDOWS = [(width, height, scheme) for width, height in [(1280, 900), (390, 844)] for scheme in ["light", "dark"]]


def ask(url: str, path: str, body: str | None = None) -> dict:
    request = urllib.request.Request(f"{url}/api/v1/{path}", data=body.encode() if body is not None else None)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def make(browser: Browser, pictures: int, name: str) -> str:
    """Sends the form, waits for its pictures, and gives the address of what came of it."""
    browser.click(".form [type=submit]")
    browser.until("the job", lambda: "job=" in browser.driver.current_url)
    browser.find(".result-head")
    browser.look(f"{name}-waits")
    browser.until(f"{pictures} pictures", lambda: browser.count(".try-result img[src*=sha256]") >= pictures, MADE)
    browser.look(name)
    return browser.driver.current_url.split("#")[1]


def try_all(browser: Browser, picture: str) -> dict[str, str]:
    """Makes one of each kind; the addresses of what came of them, by name."""
    made = {}
    browser.open("#/try")
    browser.type("textarea[name=prompt]", "a red apple on a blue hovercraft")
    browser.until("the unknown word's mark",
                  lambda: browser.find(".mirror mark").get_attribute("textContent") == "hovercraft")
    browser.look("try-words")
    browser.type("textarea[name=prompt]", "a red apple on a blue background")
    browser.type("input[name=n]", "1")
    made["try"] = make(browser, 1, "try")
    # From one page to the next as a person goes.
    browser.click(".row a.button", "More like this")
    browser.find(".source-shown img")
    browser.type("input[name=n]", "2")
    made["vary"] = make(browser, 2, "vary")
    browser.click(".tabs a", "Between")
    browser.type("textarea[name=from]", "a red apple on a blue background")
    browser.type("textarea[name=to]", "a banana on a purple background")
    browser.type("input[name=n]", "3")
    made["between"] = make(browser, 3, "between")
    browser.open(f"#/try/diff?picture={picture}&from=a%20blue%20background&to=a%20green%20background")
    browser.find(".source-shown img")
    browser.type("input[name=strengths]", "3")
    made["change"] = make(browser, 3, "change")
    browser.find(".diff-slider input").send_keys(Keys.ARROW_RIGHT)
    browser.until("the strongest", lambda: "0.50" in browser.find(".diff-slider").text)
    browser.open(f"#/try/edit?picture={picture}&prompt=a%20banana%20on%20a%20blue%20background")
    canvas = browser.find("canvas.paint")
    pointer = ActionChains(browser.driver).move_to_element(canvas).click_and_hold()
    pointer.move_by_offset(40, 10).move_by_offset(-60, 20).release().perform()
    canvas.send_keys(Keys.ARROW_UP, Keys.SPACE)
    browser.type("input[name=n]", "1")
    browser.look("paint-mask")
    made["paint"] = make(browser, 1, "paint")
    return made


def change(browser: Browser, url: str) -> None:
    """What changes something, from the page."""
    job = ask(url, "jobs?format=txt&n=40&name=To%20be%20stopped", PROMPTS)["job"]
    browser.open(f"#/jobs/{job}")
    for button, state in [("Pause", "paused"), ("Resume", "active")]:
        browser.click(".job-title button", button)
        browser.until(f"{state}", lambda state=state: ask(url, f"jobs/{job}")["state"] == state)
    browser.click(".job-title button", "Cancel")
    browser.look("question")
    browser.click("dialog.question button", "Cancel the job")
    browser.until("cancelled", lambda: ask(url, f"jobs/{job}")["state"] == "cancelled")


def walk(browser: Browser, job: str, made: dict[str, str]) -> None:
    """Every page, by clicking where one comes to it so."""
    browser.open("#/")
    browser.find(".now")
    browser.look("now")
    browser.click(f"a[href*='{job}']")
    browser.find(".grid .cell a")
    browser.look("job")
    browser.type(".filters input", "banana")
    browser.until("the bananas", lambda: browser.count(".grid .cell") == 2)
    browser.click(".filter", "Done")
    browser.until("the address", lambda: "state=completed" in browser.driver.current_url)
    browser.click(".grid .cell a")
    browser.find("dialog.picture .picture-frame img")
    browser.find(".stages-table")
    first = browser.driver.current_url
    browser.look("picture")
    browser.find("dialog.picture").send_keys(Keys.ARROW_RIGHT)
    browser.until("the next picture", lambda: browser.driver.current_url != first)
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.until("the grid", lambda: browser.count("dialog.picture") == 0)
    browser.click("#pages a", "Try")
    browser.find(".form")
    browser.look("try-form")
    for name, address in made.items():
        browser.open("#" + address)
        browser.find(".try-result img[src*=sha256]")
        browser.look(f"{name}-made")
    browser.click("#pages a", "Workers")
    browser.find(".worker")
    browser.look("workers")
    browser.click(".worker h2 a")
    browser.find(".notice")
    browser.look("worker")
    browser.click(".worker-ways button", "Drain")
    browser.click("dialog.question button", "Not now")
    browser.open("#/jobs/job-nowhere")
    browser.find(".trouble")
    browser.look("nowhere")
    browser.click("#theme")
    browser.until("the light theme", lambda: browser.count("html[data-theme=light]"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/dashboard")
    parser.add_argument("--atelier")
    parser.add_argument("--url")
    parser.add_argument("--out", type=Path, default=Path("out/dashboard"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        url = options.url
        if not url:
            cluster = stack.enter_context(Cluster("dashboard", options.atelier, Path("models/starter")))
            cluster.launch("up", "up")
            cluster.ready()
            url = cluster.url
        job = ask(url, "jobs?format=txt&n=2&seed=1&name=Three%20things", PROMPTS)["job"]
        made, faults = {}, []
        for width, height, scheme in WINDOWS:
            with Browser(url, width, height, scheme, options.out) as browser:
                if not made:
                    browser.open("#/")
                    browser.look("now-works")
                    browser.until("the first job", lambda: ask(url, f"jobs/{job}")["state"] == "completed", MADE)
                    made = try_all(browser, f"{job}/0/0")
                    change(browser, url)
                walk(browser, job, made)
                faults += browser.faults
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(f"{len(faults)} faults; the pictures are in {options.out}.")
    print(f"No faults. The pictures are in {options.out}.")


if __name__ == "__main__":
    main()
