"""Host keys in the state: what one machine read from the consoles, another one takes over instead of reading it again.

The command that reads the keys prints them, so the state records them. They are public.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slurm_appliance.ssh.known_keys import KeyedServer, KnownKeys

#: The preferred type; other keys of a server that has one are not recorded, to keep the record small.
_PREFERRED = "ssh-ed25519 "


@dataclass(frozen=True)
class RecordedServer:
    """A server whose keys are recorded.

    Attributes:
        known_as: its name in known_hosts.
        identity: the ids of server and image that it has the keys with.
        keys: its keys, each ``TYPE KEY``.
    """

    known_as: str
    identity: str
    keys: tuple[str, ...]


def record(known: KnownKeys, servers: Iterable[KeyedServer], without_keys: Iterable[str]) -> dict[str, Any]:
    """What to record of the servers whose keys are known.

    Args:
        known: the known keys.
        servers: the servers.
        without_keys: names of those whose keys could not be read.
    """
    every_server = list(servers)
    unknown = {server.known_as for server in known.unknown(every_server)}
    rows = []
    for server in every_server:
        if server.known_as not in unknown:
            every = known.keys_of(server)
            preferred = [key for key in every if key.startswith(_PREFERRED)]
            rows.append({"known_as": server.known_as, "identity": server.identity, "keys": preferred or every})
    return {"keys": rows, "without_keys": sorted(without_keys)}


def take_over(text: str, known: KnownKeys) -> list[str]:
    """Add the recorded keys of servers that this machine does not know.

    Args:
        text: what the command printed; releases before 2026-12 recorded no keys.
        known: this machine's known keys.

    Returns:
        The servers that came to be known, by their names in known_hosts.
    """
    rows = json.loads(text).get("keys", []) if text else []
    recorded = [RecordedServer(row["known_as"], row["identity"], tuple(row["keys"])) for row in rows]
    new = known.unknown(recorded)
    for server in new:
        known.add(server, server.keys)
    return [server.known_as for server in new]
