"""Identifies a process: its ID alone means nothing on another machine, in a container or after a reboot."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_PROC = Path("/proc")
#: The initial PID namespace; Linux always gives it this number.
_FIRST_NAMESPACE = "pid:[4026531836]"
#: States of a process that has exited, but was not reaped yet.
_ENDED = frozenset("ZX")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, identified across machines and namespaces.

    Attributes:
        machine: a digest of the machine's ID; empty if it has none.
        hostname: the machine's name.
        boot: the ID of the machine's boot; empty if unknown.
        namespace: the PID and time namespaces of ``pid`` and ``started``.
        pid: its process ID.
        started: when it started, in clock ticks since the boot.
    """

    machine: str
    hostname: str
    boot: str
    namespace: str
    pid: int
    started: int

    @classmethod
    def own(cls) -> "ProcessIdentity":
        """The identity of this process."""
        machine = _text(Path("/etc/machine-id"))
        links = [_link(_PROC / "self/ns" / kind) for kind in ("pid", "time")]
        _state, started = _looked_up("self")
        return cls(
            # The ID itself must not be shown to others; see machine-id(5).
            machine=hashlib.sha256(f"slurm-appliance {machine}".encode()).hexdigest()[:16] if machine else "",
            hostname=os.uname().nodename,
            boot=_text(_PROC / "sys/kernel/random/boot_id"),
            namespace=" ".join(link for link in links if link),
            pid=os.getpid(),
            started=started,
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "ProcessIdentity":
        """Parse the output of ``as_json``.

        Raises:
            KeyError, TypeError, ValueError: it is malformed.
        """
        texts = {name: str(document[name]) for name in ("machine", "hostname", "boot", "namespace")}
        return cls(**texts, pid=int(document["pid"]), started=int(document["started"]))

    def as_json(self) -> dict[str, Any]:
        """The identity as a JSON object, for a lock."""
        return asdict(self)

    def is_gone(self, here: "ProcessIdentity") -> bool:
        """True if the process has certainly exited, as seen from another process.

        There are only two proofs: the same namespaces of the same boot have no such process, or the machine was
        rebooted since. The latter only counts for a machine's own processes, because containers and copies of a machine
        may have its ID.
        """
        if self._is_of(here):
            return not _runs(self)
        same_machine = bool(self.machine) and (self.machine, self.hostname) == (here.machine, here.hostname)
        outside_containers = all(each.namespace.startswith(_FIRST_NAMESPACE) for each in (self, here))
        return same_machine and outside_containers and bool(self.boot and here.boot) and self.boot != here.boot

    def is_seen(self, here: "ProcessIdentity") -> bool:
        """Whether it is certainly running."""
        return self._is_of(here) and _runs(self)

    def _is_of(self, here: "ProcessIdentity") -> bool:
        """Whether its process ID has the same meaning here."""
        return bool(self.boot and self.namespace) and (self.boot, self.namespace) == (here.boot, here.namespace)


def _runs(process: ProcessIdentity) -> bool:
    """Whether a process of our own namespaces is running."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It belongs to another user and exists.
    if _link(_PROC / "self") != str(os.getpid()):
        return True  # /proc belongs to another namespace and has other processes with these IDs.
    state, started = _looked_up(str(process.pid))
    return state == "" or (state not in _ENDED and started == process.started)


def _looked_up(process: str) -> tuple[str, int]:
    """State and start time of a process; empty if /proc does not have it."""
    text = _text(_PROC / process / "stat")
    # The second field is the program's name in parentheses, which may contain anything.
    fields = text.rpartition(")")[2].split()
    return (fields[0], int(fields[19])) if len(fields) > 19 else ("", 0)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
