"""Another machine on a network of this one: a network namespace at the other end of a veth pair."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toolchain.paths import REPOSITORY

#: Of the wire between the two, from the ranges for documentation.
MACHINE, NEIGHBOUR, PREFIX = "198.51.100.1", "198.51.100.2", 30
MACHINE6, NEIGHBOUR6, PREFIX6 = "2001:db8:51::1", "2001:db8:51::2", 64


def ip(*words: str, inside: str = "") -> str:
    """Run ``ip``, in a named network namespace if one is given."""
    return output("ip", *(["-netns", inside] if inside else []), *words)


def output(*command: str) -> str:
    """What a program prints that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=180)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Neighbour:
    """The other machine.

    Attributes:
        namespace: its network namespace.
        device: its end of the wire.
    """

    namespace: str
    device: str

    def route(self, address: str) -> None:
        """Send packets for an address to the machine, as somebody would who wants to get in."""
        ip("route", "replace", address, "via", MACHINE6 if ":" in address else MACHINE, inside=self.namespace)

    def scan(self, address: str) -> dict[str, list[int]]:
        """What answers there: see `port_scan`."""
        command = ["ip", "netns", "exec", self.namespace, sys.executable, "-m", "tests.engine.port_scan", address]
        found: dict[str, list[int]] = json.loads(output(*command))
        return found

    def resolves(self, address: str) -> bool:
        """Whether somebody on the wire says that an IPv4 address is theirs."""
        ip("route", "replace", address, "dev", self.device, inside=self.namespace)
        question = f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'?', ({address!r}, 9))"
        output("ip", "netns", "exec", self.namespace, sys.executable, "-c", question)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            shown = json.loads(ip("-json", "neigh", "show", address, inside=self.namespace))
            states = [state for entry in shown for state in entry["state"]]
            if states and "INCOMPLETE" not in states:
                return "FAILED" not in states
            time.sleep(0.1)
        raise TimeoutError(f"the kernel neither resolves {address} nor gives up")


@contextmanager
def neighbour_of(machine: str = "") -> Iterator[Neighbour]:
    """A neighbour of a machine: of a network namespace, or of this one's own."""
    name = f"nb-{uuid.uuid4().hex[:8]}"
    near, far = f"{name}-a", f"{name}-b"
    ip("netns", "add", name)
    try:
        peer = ["peer", "name", far, "netns", name]
        ip("link", "add", near, "type", "veth", *peer, inside=machine)
        for end, where, addresses in (
            (near, machine, (f"{MACHINE}/{PREFIX}", f"{MACHINE6}/{PREFIX6}")),
            (far, name, (f"{NEIGHBOUR}/{PREFIX}", f"{NEIGHBOUR6}/{PREFIX6}")),
        ):
            for address in addresses:
                ip("address", "add", address, "dev", end, *(["nodad"] if ":" in address else []), inside=where)
            ip("link", "set", end, "up", inside=where)
        ip("link", "set", "lo", "up", inside=name)
        yield Neighbour(name, far)
    finally:
        # The other end of the wire goes with it.
        ip("netns", "delete", name)
