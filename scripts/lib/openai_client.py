"""Checks OpenAI's API with the official client: starts a cluster, and one that asks for tokens and has no workers, and
has each part check them. A part is a module with a function `check(servers)`."""

import argparse
import importlib
import importlib.util
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

sys.path.insert(0, str(Path(__file__).parent))
from local_cluster import Cluster  # noqa: E402

# In the order in which they are checked. One that is not there is left out.
PARTS = ["openai_images", "openai_batches"]
ALIASES = "aliases:\n  dall-e-2: model\n"


class Failed(AssertionError):
    """Something is not as it is documented."""


def expect(holds: Any, what: object) -> None:
    if not holds:
        raise Failed(str(what))


def same(found: Any, expected: Any, what: str) -> None:
    expect(found == expected, f"{what}: {found!r} instead of {expected!r}")


@contextmanager
def refused(kind: type[openai.APIStatusError], code: str | None = None, param: str | None = None) -> Iterator[list]:
    """What the client raises in here, as the one entry of a list."""
    raised: list[openai.APIStatusError] = []
    try:
        yield raised
    except kind as error:
        same(error.code, code, f"the code of '{error.message}'")
        same(error.param, param, f"the param of '{error.message}'")
        expect(error.type, f"'{error.message}' has no type")
        expect((error.request_id or "").startswith("req_"), f"'{error.message}' has no request id")
        raised.append(error)
        return
    raise Failed(f"no {kind.__name__} came where {code} was due")


def eventually(what: str, holds: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        expect(time.monotonic() < deadline, f"in {seconds} seconds not: {what}")
        time.sleep(0.2)


@dataclass
class Servers:
    """What there is to be asked."""

    # With workers; any key will do.
    open: Cluster
    # Without workers; asks for tokens, and one owner may have two pictures in hand.
    guarded: Cluster
    # Tokens of the second, by the names of their owners.
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, **options: Any) -> openai.OpenAI:
        return openai.OpenAI(**{"base_url": self.open.url + "/v1", "api_key": "sk-any", "timeout": 120, **options})

    def asynchronous(self, **options: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(**{"base_url": self.open.url + "/v1", "api_key": "sk-any", "timeout": 120, **options})

    def of(self, owner: str, **options: Any) -> openai.OpenAI:
        """A client of the cluster that asks for tokens. It sends nothing again unless the options say so."""
        return openai.OpenAI(**{"base_url": self.guarded.url + "/v1", "api_key": self.tokens[owner], "timeout": 60,
                                "max_retries": 0, **options})

    def jobs(self) -> list[dict]:
        """All jobs of the open cluster."""
        return self.open.get("jobs?limit=1000")

    def jobs_of(self, owner: str) -> list[dict]:
        """Jobs of the other cluster that one owner sees, the newest first."""
        request = urllib.request.Request(
            self.guarded.url + "/api/v1/jobs", headers={"Authorization": f"Bearer {self.tokens[owner]}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def make_token(self, owner: str, scopes: str) -> None:
        command = [self.open.atelier, "token", "create", "--name", owner, "--scope", scopes, "--json",
                   "--server", self.guarded.url, "--api-token-file", self.guarded.data / "keys" / "local-token"]
        said = subprocess.run(command, capture_output=True, text=True)
        expect(said.returncode == 0, said.stderr)
        self.tokens[owner] = json.loads(said.stdout)["token"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atelier", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/starter"))
    parser.add_argument("--only", choices=PARTS, help="this part alone")
    options = parser.parse_args()
    with ExitStack() as stack:
        servers = Servers(
            stack.enter_context(Cluster("openai", options.atelier, options.model, more=ALIASES)),
            stack.enter_context(Cluster(
                "openai-guarded", options.atelier, options.model,
                more=ALIASES + "security:\n  http: plain\nlimits:\n  pictures_in_hand: 2\n"
                               "openai:\n  timeout_seconds: 2\n")))
        servers.open.launch("up", "up")
        servers.guarded.launch("coordinator", "coordinator")
        servers.open.ready()
        servers.guarded.ready()
        servers.make_token("alice", "read,submit")
        servers.make_token("bob", "read")
        eventually("workers are there", lambda: len(servers.open.get("workers")) >= 2)
        for name in PARTS:
            if options.only in (None, name) and importlib.util.find_spec(name):
                start = time.monotonic()
                importlib.import_module(name).check(servers)
                print(f"{name}: all as documented, in {time.monotonic() - start:.0f} seconds", flush=True)


if __name__ == "__main__":
    # The parts import this module by its name: it must be the one that runs.
    sys.modules["openai_client"] = sys.modules["__main__"]
    main()
