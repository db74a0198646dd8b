"""The trusted host keys: an environment's known_hosts, and a record next to it of their servers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.errors import ApplianceError

#: ssh's default port, which known_hosts omits.
_STANDARD_PORT = 22


class KeyedServer(Protocol):
    """A server with a host key."""

    @property
    def known_as(self) -> str:
        """Its name in known_hosts: see `known_name`."""

    @property
    def identity(self) -> str:
        """The server's id and, after a space, its image's: new keys are expected if either is new."""


_Server = TypeVar("_Server", bound=KeyedServer)


def known_name(address: str, port: int) -> str:
    """The name in known_hosts of the ssh server at an address."""
    return address if port == _STANDARD_PORT else f"[{address}]:{port}"


@dataclass(frozen=True)
class KnownKeys:
    """One such file."""

    path: Path

    @property
    def _record(self) -> Path:
        return self.path.with_suffix(".json")

    def read(self) -> tuple[list[str], dict[str, str]]:
        """The file's lines, and the identity of each server in it.

        Raises:
            ApplianceError: the record is damaged.
        """
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        try:
            record = json.loads(self._record.read_text()) if self._record.exists() else {}
        except ValueError:
            record = None
        if not isinstance(record, dict) or not all(isinstance(each, str) for each in record.values()):
            # Trusting the next key would help an attacker.
            raise ApplianceError(
                "the record of known host keys is damaged",
                where=str(self._record),
                remedy=f"remove it and {self.path}: the keys are then read again from the servers' consoles",
            )
        return lines, record

    def unknown(self, servers: Iterable[_Server]) -> list[_Server]:
        """The servers that are new, or have a new image."""
        lines, record = self.read()
        return [each for each in servers if record.get(each.known_as) != each.identity or not _of(each, lines)]

    def keys_of(self, server: KeyedServer) -> list[str]:
        """The known keys of a server, each ``TYPE KEY``."""
        return [line.partition(" ")[2] for line in _of(server, self.read()[0])]

    def former(self, server: KeyedServer) -> set[str]:
        """The keys of a server before its rebuild, each ``TYPE KEY``; empty if it is new."""
        _, record = self.read()
        return set(self.keys_of(server)) if _rebuilt(server, record) else set()

    def add(self, server: KeyedServer, keys: Sequence[str]) -> bool:
        """Record a server's keys, each ``TYPE KEY``; return whether it was known with another image.

        Removes keys of another server at its address; keeps those of a rebuilt one, because a rebuilt login or control
        node gets its former keys from the state volume.
        """
        lines, record = self.read()
        rebuilt = _rebuilt(server, record)
        if not rebuilt:
            gone = set(_of(server, lines))
            lines = [line for line in lines if line not in gone]
        lines += [line for key in keys if (line := f"{server.known_as} {key}") not in lines]
        record[server.known_as] = server.identity
        # After a kill between the two, the server's keys are read again.
        write_whole(self.path, "".join(f"{line}\n" for line in lines))
        write_whole(self._record, json.dumps(record, indent=1, sort_keys=True))
        return rebuilt


def _rebuilt(server: KeyedServer, record: Mapping[str, str]) -> bool:
    """Whether the record has the same server, perhaps with another image."""
    return record.get(server.known_as, "").partition(" ")[0] == server.identity.partition(" ")[0]


def _of(server: KeyedServer, lines: Iterable[str]) -> list[str]:
    return [line for line in lines if server.known_as in line.partition(" ")[0].split(",")]
