"""Host keys of new servers, from what they print on their consoles: Nova shows these to the project and to nobody else.

Whoever can put a machine between the deploy host and a new server can show any key over the network; the console is
read over Nova's API, which has proved who it is. Run by the stack before ``site.yml``, as
``python -m slurm_appliance.console_keys`` with a request on standard input::

    {"environment_folder": "...", "token": "...", "cloud": null,
     "hosts": [{"name": "...", "address": "...", "port": 22, "instance_id": "...", "image_id": "..."}]}

What it finds goes into the environment's known_hosts. A server that prints no keys is left to the site run, which then
believes the first key that it shows, and says so.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.ssh.known_keys import KnownKeys, known_name

#: What cloud-init puts around the keys; the last block is of the last boot that made keys.
_BLOCK = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_KEY = re.compile(r"((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]{40,}={0,3})")
#: So long a server may take to boot so far; cloud-init prints keys at its end.
LIMIT_SECONDS = 300
_PAUSE = 3.0


@dataclass(frozen=True)
class ConsoleHost:
    """A server that somebody is going to connect to."""

    name: str
    address: str
    port: int
    instance_id: str
    image_id: str

    @property
    def known_as(self) -> str:
        """How known_hosts names it."""
        return known_name(self.address, self.port)

    @property
    def identity(self) -> str:
        """Changes when the server, or its image, does: new keys are to be expected then."""
        return f"{self.instance_id} {self.image_id}"


def printed_keys(console: str) -> list[str]:
    """The host keys in a console's text, each as ``TYPE KEY``; none where there are none, or not all of them yet."""
    blocks = _BLOCK.findall(console)
    return [f"{type_} {key}" for type_, key in _KEY.findall(blocks[-1])] if blocks else []


def learn(
    hosts: Iterable[ConsoleHost],
    known: KnownKeys,
    console: Callable[[str], str],
    say: Callable[[str], None],
    *,
    limit: float = LIMIT_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[str]:
    """Read the keys of hosts that are new from their consoles; returns the names of those that printed none in time.

    Args:
        hosts: those to connect to.
        known: where keys are kept.
        console: the text on a server's console, by the server's id.
        say: takes a line for the operator.
        limit: seconds to wait, for all of them together.
        sleep, clock: as in the module time.
    """
    waiting, end = known.unknown(hosts), clock() + limit
    while waiting:
        silent = []
        for host in waiting:
            keys = printed_keys(console(host.instance_id))
            if keys:
                known.add(host, keys)
                say(f"{host.name}: {len(keys)} host keys from its console")
            else:
                silent.append(host)
        waiting = silent
        if waiting and clock() >= end:
            break
        if waiting:
            sleep(_PAUSE)
    for host in waiting:
        say(f"{host.name}: no host keys on its console within {limit:.0f} s; trusting its key on first use")
    return [host.name for host in waiting]


def main() -> int:
    """Do what the request on standard input asks for."""
    from slurm_appliance.environment.folder import EnvironmentFolder
    from slurm_appliance.ssh.consoles import reader

    request = json.load(sys.stdin)
    hosts = [ConsoleHost(**host) for host in request["hosts"]]
    environment = EnvironmentFolder(Path(request["environment_folder"]))
    known = KnownKeys(environment.known_hosts)
    silent: list[str] = []
    if known.unknown(hosts):
        silent = learn(hosts, known, reader(request["cloud"]), lambda text: print(text, file=sys.stderr, flush=True))
    environment.mark(environment.known_hosts, request["token"])
    print(json.dumps({"without_keys": silent}))
    return 0
