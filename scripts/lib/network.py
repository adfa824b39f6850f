"""Hosts that are network namespaces, joined by a bridge, and links between them that can be made bad. For who runs in a
network namespace of their own, with a /run of their own."""

import json
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.77.0"


def run(*command: object) -> str:
    """- Raises SystemExit with what the command says if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"'{' '.join(map(str, command))}' failed: {done.stderr.strip()}")
    return done.stdout


def can(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


@dataclass
class Host:
    """A namespace with an address, a host's name and a home of its own."""
    name: str
    address: str
    home: Path

    @property
    def port(self) -> str:
        """Its end of the link at the bridge."""
        return f"p-{self.name}"

    def command(self, *words: object) -> list[str]:
        """The words as a command of this host: the same process, in the end."""
        name_it = 'hostname "$0"; exec "$@"'
        return ["nsenter", f"--net=/run/netns/{self.name}", "unshare", "--uts", "sh", "-c", name_it, self.name,
                *map(str, words)]


class Network:
    """Hosts on one bridge. What makes links lossy and slow depends on the kernel."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.hosts: dict[str, Host] = {}
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "link", "set", "br0", "up")
        # Where packets go that get lost.
        run("ip", "link", "add", "hole", "type", "veth", "peer", "name", "pit")
        for end in ("hole", "pit"):
            run("ip", "link", "set", end, "up")
        self.has_netem = can("tc", "qdisc", "add", "dev", "hole", "root", "netem", "delay", "1ms")
        if self.has_netem:
            run("tc", "qdisc", "del", "dev", "hole", "root")

    def add(self, name: str, number: int) -> Host:
        host = self.hosts[name] = Host(name, f"{NETWORK}.{number}", self.folder / name)
        host.home.mkdir(mode=0o700)
        run("ip", "netns", "add", name)
        run("ip", "link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "-n", name, "address", "add", f"{host.address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "lo", "up")
        # Packets as they would be on a wire: otherwise one that is lost could be 64 kB.
        run("ip", "link", "set", host.port, "gso_max_segs", 1, "master", "br0", "up")
        run("ip", "-n", name, "link", "set", "eth0", "gso_max_segs", 1, "up")
        return host

    def take(self, thief: Host, place: Host) -> None:
        """The thief has the other's addresses beside its own, of IP and of Ethernet; the other's link is cut."""
        self.cut(place)
        run("ip", "-n", thief.name, "link", "set", "eth0", "address", self.ethernet(place))
        run("ip", "-n", thief.name, "address", "add", f"{place.address}/24", "dev", "eth0")

    def give_back(self, thief: Host, place: Host, ethernet: str) -> None:
        """`ethernet`: the thief's own."""
        run("ip", "-n", thief.name, "address", "del", f"{place.address}/24", "dev", "eth0")
        run("ip", "-n", thief.name, "link", "set", "eth0", "address", ethernet)
        self.heal(place)

    def ethernet(self, host: Host) -> str:
        """Its Ethernet address."""
        return json.loads(run("ip", "-json", "-n", host.name, "link", "show", "eth0"))[0]["address"]

    def cut(self, host: Host, far: bool = False) -> None:
        """No carrier any more, at either end; `far`: the host's own interface goes down."""
        run("ip", *(["-n", host.name] if far else []), "link", "set", "eth0" if far else host.port, "down")

    def lose(self, host: Host, share: float, to_host_only: bool = False) -> None:
        """Loses a share of the packets, in each direction."""
        if self.has_netem:
            run("tc", "qdisc", "replace", "dev", host.port, "root", "netem", "loss", f"{share:.0%}")
            if not to_host_only:
                run("tc", "-n", host.name, "qdisc", "replace", "dev", "eth0", "root", "netem", "loss", f"{share:.0%}")
            return
        # Classic BPF: a random number above the share lets the packet pass; what matches goes to the hole.
        most = min(int(share * 2**32), 2**32 - 1)
        program = f"4,32 0 0 {2**32 - 0x1000 + 56},37 1 0 {most},6 0 0 {2**32 - 1},6 0 0 0"
        run("tc", "qdisc", "add", "dev", host.port, "clsact")
        for direction in ["egress"] if to_host_only else ["egress", "ingress"]:
            run("tc", "filter", "add", "dev", host.port, direction, "bpf", "bytecode", program,
                "action", "mirred", "egress", "redirect", "dev", "hole")

    def lost(self) -> int | None:
        """How many packets went to the hole; None where netem loses them, which forgets it when the link heals."""
        if self.has_netem:
            return None
        return json.loads(run("ip", "-json", "-statistics", "link", "show", "hole"))[0]["stats64"]["tx"]["packets"]

    def slow(self, host: Host, kilobits: int) -> None:
        """So many kbit a second in each direction; with netem also 100 ms late, give or take 30."""
        for end in (["-n", host.name], "eth0"), ([], host.port):
            how = (["netem", "delay", "100ms", "30ms", "rate", f"{kilobits}kbit"] if self.has_netem else
                   ["tbf", "rate", f"{kilobits}kbit", "burst", "4kb", "latency", "1s"])
            run("tc", *end[0], "qdisc", "replace", "dev", end[1], "root", *how)

    def heal(self, host: Host) -> None:
        run("ip", "link", "set", host.port, "up")
        run("ip", "-n", host.name, "link", "set", "eth0", "up")
        # Fails where there is none.
        can("tc", "qdisc", "del", "dev", host.port, "clsact")
        can("tc", "qdisc", "del", "dev", host.port, "root")
        can("tc", "-n", host.name, "qdisc", "del", "dev", "eth0", "root")


class Listener(threading.Thread):
    """Somebody on the way to a host: what passes, and which of some words were in it."""

    def __init__(self, host: Host, words: list[bytes]):
        super().__init__(daemon=True)
        self.words, self.read, self.bytes = words, set(), 0
        # All protocols (ETH_P_ALL), as they pass the bridge's end of the link.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind((host.port, 0))
        self._socket.settimeout(0.5)
        self.over = False

    def run(self) -> None:
        while not self.over:
            try:
                frame = self._socket.recv(65536)
            except (TimeoutError, OSError):
                continue  # Nothing, or the link is cut.
            self.bytes += len(frame)
            self.read.update(word for word in self.words if word in frame)
