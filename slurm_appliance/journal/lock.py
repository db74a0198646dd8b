"""The file backend's lock: acquired like Pulumi does, and removed only if it is stale.

Our locks have more data than Pulumi's own: the identity of the holder's process (process_identity.py), its operation,
and a heartbeat (heartbeat.py). A lock without these, created by plain ``pulumi``, is never removed.
"""

import getpass
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.journal.errors import LockedError, LockLostError
from slurm_appliance.journal.heartbeat import PACE, Pace, Watch, beating
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.process_identity import ProcessIdentity

#: The part of a lock that Pulumi does not have.
_OURS = "slurm-appliance"
#: Maximum polling interval while waiting for a lock, in seconds.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Holder:
    """The holder of a lock, from the lock's data.

    Attributes:
        path: the lock file.
        pid: the process ID.
        username: its user.
        hostname: its machine.
        since: creation time of the lock, by its own clock.
        doing: its operation; empty for plain ``pulumi``.
        process: its identity; None for plain ``pulumi``, which also has no heartbeat.
    """

    path: Path
    pid: int
    username: str
    hostname: str
    since: str
    doing: str = ""
    process: ProcessIdentity | None = None

    @property
    def id(self) -> str:
        """The lock's ID."""
        return self.path.stem

    @property
    def gone(self) -> bool:
        """True if the process has certainly exited. Otherwise only the heartbeat shows whether it is alive."""
        return self.process is not None and self.process.is_gone(ProcessIdentity.own())

    def __str__(self) -> str:
        doing = f", {self.doing}" if self.doing else ""
        return f"{self.username}@{self.hostname}, process {self.pid}{doing}, since {self.since[:19]}"


@dataclass(frozen=True)
class Lock:
    """A lock held by this process.

    Attributes:
        path: its path.
        taken_over: holders of removed stale locks.
    """

    path: Path
    taken_over: Sequence[Holder] = ()

    def check(self) -> None:
        """Check that the lock was not removed: after a suspend, another run may have considered it stale.

        Raises:
            LockLostError: the lock was removed.
        """
        if not self.path.exists():
            remedy = "this run recorded and changed nothing more; see who holds the lock with `locks`, then run again"
            raise LockLostError("this run lost the stack's lock", where=str(self.path), remedy=remedy)


def holders(layout: StateLayout) -> list[Holder]:
    """The current holders of the stack's lock."""
    found = []
    for path in sorted(layout.locks.glob("*.json")):
        try:
            lock = json.loads(path.read_text())
            known = (int(lock["pid"]), str(lock["username"]), str(lock["hostname"]), str(lock["timestamp"]))
            found.append(Holder(path, *known, *_ours(lock)))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            # Pulumi writes locks at once; an empty one is left by a full disk.
            found.append(Holder(path, 0, "somebody", "an unreadable lock", ""))
    return found


def _ours(lock: dict[str, Any]) -> tuple[str, ProcessIdentity | None]:
    more = lock.get(_OURS)
    return ("", None) if more is None else (str(more["doing"]), ProcessIdentity.read(more["process"]))


@contextmanager
def locked(
    layout: StateLayout,
    doing: str = "",
    *,
    lock_timeout: float = 0.0,
    say: Callable[[str], None] = lambda _text: None,
    pace: Pace = PACE,
) -> Iterator[Lock]:
    """Lock the stack.

    Args:
        layout: the paths of its state.
        doing: the operation, in a word.
        lock_timeout: timeout for other holders, in seconds.
        say: prints a line about the holder.
        pace: pace of heartbeats, ours and others'.

    Raises:
        LockedError: the stack is locked by another process.
    """
    lock = _acquire(layout, doing, lock_timeout, say, pace)
    try:
        with beating(lock.path, pace):
            yield lock
    finally:
        lock.path.unlink(missing_ok=True)


def _acquire(layout: StateLayout, doing: str, lock_timeout: float, say: Callable[[str], None], pace: Pace) -> Lock:
    watch, end, told = Watch(), time.monotonic() + lock_timeout, ""
    name = uuid.uuid4()
    own = layout.locks / f"{name}.json"
    # A random delay, so that two processes that gave way to each other do not collide again.
    pause = _LOOK_SECONDS * (1 + name.int % 1000 / 1000) / 2
    while True:
        others = _others(layout, own)
        living = _living(others, watch, pace)
        if not living:
            write_whole(own, json.dumps(_content(doing)), durable=True)
            # As Pulumi does it: whoever sees another's lock after writing its own gives way.
            living = _living(_others(layout, own), watch, pace)
            if not living:
                for holder in others:
                    holder.path.unlink(missing_ok=True)
                return Lock(own, tuple(others))
            own.unlink()
        if time.monotonic() >= end:
            raise _locked(living, layout.stack, pace)
        who = "; ".join(map(str, living))
        if who != told:
            say(f"waiting for {who}")
            told = who
        time.sleep(min(pause, max(end - time.monotonic(), 0.0)))


def _others(layout: StateLayout, own: Path) -> list[Holder]:
    return [holder for holder in holders(layout) if holder.path != own]


def _living(others: Sequence[Holder], watch: Watch, pace: Pace) -> list[Holder]:
    """Holders that may be alive: not known to have exited, and with a heartbeat within the timeout."""
    return [
        holder
        for holder in others
        # Measure the silence of all, so that it is known later.
        if not (watch.silence(holder.path) > pace.timeout and holder.process is not None) and not holder.gone
    ]


def _content(doing: str) -> dict[str, Any]:
    process = ProcessIdentity.own()
    return {
        "pid": process.pid,
        "username": getpass.getuser(),
        "hostname": process.hostname,
        "timestamp": datetime.now(UTC).isoformat(),
        _OURS: {"doing": doing, "process": process.as_json()},
    }


def _locked(living: Sequence[Holder], stack: str, pace: Pace) -> LockedError:
    who = "; ".join(map(str, living))
    silent = f"a run without a heartbeat for {pace.timeout / 60:.0f} minutes is considered dead"
    remedy = (
        f"wait for it: --lock-timeout 10m ({silent})"
        if all(holder.process is not None for holder in living)
        else "wait until it has finished"
    )
    unlock = f"./slurm-appliance unlock {living[0].id} --stack {stack}"
    return LockedError(f"the stack is locked by {who}", where=stack, remedy=f"{remedy}; if the lock is stale: {unlock}")
