"""A headless Chromium that clicks, and tells what it does not like."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from axe_core_python.base import AXE_SCRIPT
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

# How many seconds a page may take to show something; where pictures have to be made, more.
PATIENCE = 20.0


class Browser:
    """One window. Where it finds something wrong it remembers it, and goes on."""

    def __init__(self, url: str, width: int, height: int, scheme: str, shots: Path):
        options = webdriver.ChromeOptions()
        for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                     "--lang=en", f"--window-size={width},{height}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme},
                         {"name": "prefers-reduced-motion", "value": "reduce"}]})
        self.url, self.name, self.shots = url, f"{width}-{scheme}", shots
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def open(self, address: str) -> None:
        """A page by its address behind the `#`, as who follows a link from elsewhere comes to it."""
        self.driver.get("about:blank")
        self.driver.get(self.url + "/" + address)

    def until(self, what: str, ask: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Asks until there is an answer."""
        end = time.monotonic() + patience
        while True:
            try:
                if answer := ask():
                    return answer
            except WebDriverException:
                pass  # It was drawn anew meanwhile.
            if time.monotonic() > end:
                self.driver.save_screenshot(self.shots / f"{self.name}-failed.png")
                raise SystemExit(
                    f"{self.name}: {what} did not come within {patience:.0f} s, at {self.driver.current_url}")
            time.sleep(0.1)

    def find(self, css: str, patience: float = PATIENCE) -> WebElement:
        return self.until(f"'{css}'", lambda: next(
            (one for one in self.driver.find_elements(By.CSS_SELECTOR, css) if one.is_displayed()), None), patience)

    def count(self, css: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, css))

    def click(self, css: str, words: str | None = None) -> None:
        """What can be seen and clicked; the first that has the words."""
        def click() -> bool:
            for one in self.driver.find_elements(By.CSS_SELECTOR, css):
                if one.is_displayed() and (words is None or words in one.text):
                    self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
                    one.click()
                    return True
            return False
        self.until(f"'{css}' with '{words}'" if words else f"'{css}'", click)

    def type(self, css: str, text: str) -> None:
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def look(self, name: str) -> None:
        """Takes a picture of the page, and holds it against axe-core's rules, and against its own width."""
        time.sleep(0.4)
        self.driver.save_screenshot(self.shots / f"{self.name}-{name}.png")
        self.driver.execute_script(AXE_SCRIPT)
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run().then(done, error => done({violations: ["
            "{id: 'axe', help: String(error), nodes: []}]}))")
        for violation in found["violations"]:
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.faults.append(f"{self.name} {name}: {violation['id']}: {violation['help']}: {nodes}")
        wide, width = self.driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        if wide > width:
            self.faults.append(f"{self.name} {name}: it is {wide} pixels wide in a window of {width}")
        for entry in self.driver.get_log("browser"):
            # What was refused is the page's to say; what its scripts did wrong, or were kept from, is a fault.
            if entry["level"] == "SEVERE" and entry["source"] != "network":
                self.faults.append(f"{self.name} {name}: {entry['message'][:300]}")
