"""Reads host keys of new servers from their consoles, which Nova shows only to the project.

An attacker between the deploy host and a new server can present any key over the network; the console is read through
Nova's authenticated API. The stack runs this before ``site.yml``, as ``python -m slurm_appliance.console_keys`` with a
request on standard input::

    {"environment": "...", "cloud": null,
     "hosts": [{"name": "...", "address": "...", "port": 22, "instance_id": "...", "image_id": "..."}]}

The keys go to the environment's known_hosts on this machine, and to standard output, for the state: other machines take
them over from there, and so does the next run on another machine (``PULUMI_COMMAND_STDOUT``). For a server that prints
no keys, the site run trusts the key on first use and reports that.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slurm_appliance.ssh.known_keys import KnownKeys, known_name
from slurm_appliance.ssh.recorded_keys import record, take_over

#: What this command printed the last time, on any machine; Pulumi sets it.
_RECORDED = "PULUMI_COMMAND_STDOUT"

#: cloud-init's markers around the keys. Each boot that generates keys prints a block, and so does site.yml when it
#: restores keys. On some clouds the console keeps the blocks of before a rebuild.
_BLOCK = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_KEY = re.compile(r"((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]{40,}={0,3})")
#: Timeout for a server to boot and print its keys, which cloud-init does at its end.
LIMIT_SECONDS = 300
_PAUSE = 3.0


@dataclass(frozen=True)
class ConsoleHost:
    """A server to connect to."""

    name: str
    address: str
    port: int
    instance_id: str
    image_id: str

    @property
    def known_as(self) -> str:
        """Its name in known_hosts."""
        return known_name(self.address, self.port)

    @property
    def identity(self) -> str:
        """Changes with the server or its image: then new keys are expected."""
        return f"{self.instance_id} {self.image_id}"


def printed_keys(console: str) -> list[str]:
    """All host keys in a console's text, each as ``TYPE KEY``, the oldest first; without incomplete blocks."""
    found = [f"{type_} {key}" for block in _BLOCK.findall(console) for type_, key in _KEY.findall(block)]
    return list(dict.fromkeys(found))


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
    """Read the keys of new hosts from their consoles; return the names of those that printed none in time.

    A host that was rebuilt has printed its keys when the console has one that is not known: until then it is booting,
    and the console is that of before.

    Args:
        hosts: the hosts to connect to.
        known: the known keys.
        console: the text on a server's console, by the server's id.
        say: prints a line for the operator.
        limit: timeout for all of them together, in seconds.
        sleep, clock: as in the time module.
    """
    waiting, end = known.unknown(hosts), clock() + limit
    former = {host.name: known.former(host) for host in waiting}
    while waiting:
        silent = []
        for host in waiting:
            keys = [key for key in printed_keys(console(host.instance_id)) if key not in former[host.name]]
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
        say(f"{host.name}: no new host keys on its console within {limit:.0f} s; trusting its key on first use")
    return [host.name for host in waiting]


def main() -> int:
    """Execute the request on standard input."""
    from slurm_appliance.environment.folder import EnvironmentFolder
    from slurm_appliance.ssh.consoles import reader

    request = json.load(sys.stdin)
    hosts = [ConsoleHost(**host) for host in request["hosts"]]
    known = KnownKeys(EnvironmentFolder.of(request["environment"]).known_hosts)
    take_over(os.environ.get(_RECORDED, ""), known)
    silent: list[str] = []
    if known.unknown(hosts):
        silent = learn(hosts, known, reader(request["cloud"]), lambda text: print(text, file=sys.stderr, flush=True))
    print(json.dumps(record(known, hosts, silent)))
    return 0
