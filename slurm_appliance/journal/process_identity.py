"""By what a process is known: its number alone means nothing on another machine, in a container or after a reboot."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_PROC = Path("/proc")
#: The PID namespace that a machine boots with; Linux gives it always this number.
_FIRST_NAMESPACE = "pid:[4026531836]"
#: States of a process that has ended, and that its parent has not asked for yet.
_ENDED = frozenset("ZX")


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, whoever looks at it.

    Attributes:
        machine: a digest of the machine's id; empty where it has none.
        hostname: the machine's name.
        boot: the id of the machine's boot; empty where that cannot be told.
        namespace: the PID and time namespaces in which ``pid`` and ``started`` mean something.
        pid: its number.
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
        """This process."""
        machine = _text(Path("/etc/machine-id"))
        links = [_link(_PROC / "self/ns" / kind) for kind in ("pid", "time")]
        _state, started = _looked_up("self")
        return cls(
            # The id itself is not to be shown to others; see machine-id(5).
            machine=hashlib.sha256(f"slurm-appliance {machine}".encode()).hexdigest()[:16] if machine else "",
            hostname=os.uname().nodename,
            boot=_text(_PROC / "sys/kernel/random/boot_id"),
            namespace=" ".join(link for link in links if link),
            pid=os.getpid(),
            started=started,
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "ProcessIdentity":
        """From what ``as_json`` wrote.

        Raises:
            KeyError, TypeError, ValueError: it did not.
        """
        texts = {name: str(document[name]) for name in ("machine", "hostname", "boot", "namespace")}
        return cls(**texts, pid=int(document["pid"]), started=int(document["started"]))

    def as_json(self) -> dict[str, Any]:
        """For a lock."""
        return asdict(self)

    def is_gone(self, here: "ProcessIdentity") -> bool:
        """Whether it is known to have ended, by somebody who looks from another process.

        Only two things prove it: in the same namespaces of the same boot there is no such process, or the machine was
        started again since. The latter is believed of a machine's own processes only, because the containers and the
        copies of a machine may all have its id.
        """
        if self._is_of(here):
            return not _runs(self)
        same_machine = bool(self.machine) and (self.machine, self.hostname) == (here.machine, here.hostname)
        outside_containers = all(each.namespace.startswith(_FIRST_NAMESPACE) for each in (self, here))
        return same_machine and outside_containers and bool(self.boot and here.boot) and self.boot != here.boot

    def is_seen(self, here: "ProcessIdentity") -> bool:
        """Whether it is known to run."""
        return self._is_of(here) and _runs(self)

    def _is_of(self, here: "ProcessIdentity") -> bool:
        """Whether its number means the same here."""
        return bool(self.boot and self.namespace) and (self.boot, self.namespace) == (here.boot, here.namespace)


def _runs(process: ProcessIdentity) -> bool:
    """Whether a process of our own namespaces runs."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It is another user's, and it is there.
    if _link(_PROC / "self") != str(os.getpid()):
        return True  # /proc is that of another namespace: it shows others under these numbers.
    state, started = _looked_up(str(process.pid))
    return state == "" or (state not in _ENDED and started == process.started)


def _looked_up(process: str) -> tuple[str, int]:
    """State and start of a process; nothing where /proc does not show it."""
    text = _text(_PROC / process / "stat")
    # The second field is the program's name in parentheses, in which there may be anything.
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
