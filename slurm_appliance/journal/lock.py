"""The file backend's lock: taken as Pulumi takes it, and taken over from a process that is no more."""

import getpass
import json
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.layout import Layout, replace


@dataclass(frozen=True)
class Holder:
    """Who made a lock, by what the lock says."""

    path: Path
    pid: int
    username: str
    hostname: str
    since: str

    @property
    def gone(self) -> bool:
        """Whether it is known to be no more: only of a process on this machine can that be told."""
        if self.hostname != platform.node():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname}, process {self.pid}, since {self.since[:19]}"


def holders(layout: Layout) -> list[Holder]:
    """Who holds the stack now."""
    found = []
    for path in sorted(layout.locks.glob("*.json")):
        try:
            lock = json.loads(path.read_text())
            found.append(Holder(path, int(lock["pid"]), lock["username"], lock["hostname"], lock["timestamp"]))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            # Pulumi writes locks in one go; an empty one is what a full disk leaves.
            found.append(Holder(path, 0, "somebody", "an unreadable lock", ""))
    return found


@contextmanager
def locked(layout: Layout) -> Iterator[list[Holder]]:
    """Hold the stack; yields those that held it last and are no more.

    Raises:
        JournalError: somebody else holds it.
    """
    dead = _dead_holders(layout)
    own = layout.locks / f"{uuid.uuid4()}.json"
    content = {
        "pid": os.getpid(),
        "username": getpass.getuser(),
        "hostname": platform.node(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    replace(own, json.dumps(content).encode())
    try:
        # As Pulumi does it: whoever sees another's lock after writing its own gives way.
        _dead_holders(layout, besides=own)
        for holder in dead:
            holder.path.unlink(missing_ok=True)
        yield dead
    finally:
        own.unlink(missing_ok=True)


def _dead_holders(layout: Layout, besides: Path | None = None) -> list[Holder]:
    found = [holder for holder in holders(layout) if holder.path != besides]
    alive = [holder for holder in found if not holder.gone]
    if alive:
        who = "; ".join(map(str, alive))
        remedy = f"wait until it has ended; if it has, remove {alive[0].path}"
        raise JournalError(f"the stack is in use by {who}", where=layout.stack, remedy=remedy)
    return found
