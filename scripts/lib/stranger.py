"""Somebody on the network whom nobody has invited."""

import base64
import hashlib
import secrets
import subprocess
import time
from pathlib import Path

from scripts.lib.network import Host

ASKING = """import ssl, sys, urllib.error, urllib.request
headers = {"Authorization": "Bearer " + sys.argv[2]} if sys.argv[2] else {}
context = ssl._create_unverified_context()
try:
    request = urllib.request.Request(sys.argv[1], headers=headers)
    with urllib.request.urlopen(request, timeout=5, context=context) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError as error:
    print(0, error)
"""


def ask(host: Host, url: str, token: str = "") -> tuple[int, str]:
    """What a server answers a host that does not look at certificates: status and body; 0 and why for no answer."""
    said = subprocess.run(host.command("python3", "-c", ASKING, url, token), capture_output=True, text=True, check=True)
    status, _, body = said.stdout.partition(" ")
    return int(status), body


class Stranger:
    """What a stranger tries, and what came of it that should not have."""

    def __init__(self, hosts, model: Path, used: str):
        self.hosts, self.host, self.model, self.used = hosts, hosts.stranger, model, used
        self.coordinator = hosts.coordinator.address
        self.tries, self.wrong = 0, []

    def knock(self) -> None:
        """At both ports, with nothing, with things that were good once, and with invented ones. For a thread of its
        own, which must not end in silence."""
        try:
            self._knock()
        except (SystemExit, Exception) as error:
            self.wrong.append(f"A stranger's try ended otherwise: {error}")

    def _knock(self) -> None:
        # Without a key: speaks of nothing but waiting, as long as it is there.
        worker = ["worker", "--pool", "decoder", "--model", str(self.model)]
        self.hosts.launch("stranger", self.host, *worker, "--connect", f"tcp://{self.coordinator}:5555")
        self.tries += 1
        for token, words in [(self.used, "does not let this worker in"), (self.invented(), "does not know this token")]:
            self.refused(words, *worker, ATELIER_TOKEN=token)
        url = f"https://{self.coordinator}:8080"
        statuses = set()
        for path in ["jobs", "workers", "worker-keys", "tokens"]:
            for token in ["", "atl_" + secrets.token_urlsafe(32)]:
                self.tries += 1
                status, body = ask(self.host, f"{url}/api/v1/{path}", token)
                statuses.add(status)
                # 0: the link was cut just then.
                if status not in (401, 0):
                    self.wrong.append(f"A stranger's question for {path} was answered with {status}: {body}")
        if 401 not in statuses:
            self.wrong.append("A stranger did not get as far as to be refused over HTTPS.")
        self.tries += 1
        status, body = ask(self.host, f"http://{self.coordinator}:8080/api/v1/jobs")
        if status != 0:
            self.wrong.append(f"Without TLS the coordinator answers {status}: {body}")

    def invented(self) -> str:
        """The used token with another secret: who makes it knows the coordinator's key and address."""
        encoded = self.used.removeprefix("atelier1-")
        body = bytearray(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))[:-4])
        body[32:64] = secrets.token_bytes(32)
        checked = bytes(body) + hashlib.sha256(body).digest()[:4]
        return "atelier1-" + base64.urlsafe_b64encode(checked).decode().rstrip("=")

    def refused(self, words: str, *command: str, **environment: str) -> None:
        self.tries += 1
        # A refusal is one of these, or that nobody answers while the link is cut.
        said = self.hosts.say(self.host, *command, fails=True, **environment)
        if words not in said and "does not answer" not in said:
            self.wrong.append(f"A stranger was told: {said}")

    def impersonate(self) -> list[str]:
        """Takes the coordinator's place on the network: its addresses, and another coordinator behind them.

        - Returns: who was taken in."""
        hosts, network = self.hosts, self.hosts.network
        (self.host.home / "cluster.yaml").write_text((hosts.coordinator.home / "cluster.yaml").read_text())
        ethernet = network.ethernet(self.host)
        network.take(self.host, hosts.coordinator)
        hosts.launch("impostor", self.host, "coordinator")
        time.sleep(6)
        self.tries += 2
        wrong = []
        said = hosts.say(hosts.client, "jobs", fails=True)
        if "somebody may be between" not in said:
            wrong.append(f"A client was told by an impostor: {said}")
        if workers := hosts.facts(self.host, "workers"):
            wrong.append(f"Workers went to an impostor: {workers}")
        hosts.kill("impostor")
        network.give_back(self.host, hosts.coordinator, ethernet)
        return wrong
