"""The file backend's lock: taken as Pulumi takes it, and taken over only from a run that is no more.

Our locks say more than Pulumi's own: by what the holder's process is known (process_identity.py), what it does, and
that it touches the lock while it lives (heartbeat.py). A lock without these, which plain ``pulumi`` made, is never
taken over.
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

from slurm_appliance.journal.errors import LockedError, LockLostError
from slurm_appliance.journal.heartbeat import PACE, Pace, Watch, beating
from slurm_appliance.journal.layout import StateLayout, replace
from slurm_appliance.journal.process_identity import ProcessIdentity

#: The part of a lock that Pulumi does not know.
_OURS = "slurm-appliance"
#: Seconds between two looks at a lock that is waited for, at most.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Holder:
    """Who made a lock, by what the lock says.

    Attributes:
        path: the lock.
        pid: the process's number.
        username: its user.
        hostname: its machine.
        since: when it made the lock, by its own clock.
        doing: what it does; empty for plain ``pulumi``.
        process: by what it is known; None for plain ``pulumi``, which also touches no lock.
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
        """What the lock is called."""
        return self.path.stem

    @property
    def gone(self) -> bool:
        """Whether it is known to be no more. Who is not may live, or be out of sight: only its heartbeat tells."""
        return self.process is not None and self.process.is_gone(ProcessIdentity.own())

    def __str__(self) -> str:
        doing = f", {self.doing}" if self.doing else ""
        return f"{self.username}@{self.hostname}, process {self.pid}{doing}, since {self.since[:19]}"


@dataclass(frozen=True)
class Lock:
    """A lock that is held.

    Attributes:
        path: where it is.
        taken_over: those that held the stack before and are no more.
    """

    path: Path
    taken_over: Sequence[Holder] = ()

    def check(self) -> None:
        """Make sure that nobody has taken it away: a machine that slept may find that another took it for dead.

        Raises:
            LockLostError: somebody has.
        """
        if not self.path.exists():
            remedy = "this run recorded and changed nothing more; see who holds the lock with `locks`, then run again"
            raise LockLostError("this run lost the stack's lock", where=str(self.path), remedy=remedy)


def holders(layout: StateLayout) -> list[Holder]:
    """Who holds the stack now."""
    found = []
    for path in sorted(layout.locks.glob("*.json")):
        try:
            lock = json.loads(path.read_text())
            known = (int(lock["pid"]), str(lock["username"]), str(lock["hostname"]), str(lock["timestamp"]))
            found.append(Holder(path, *known, *_ours(lock)))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            # Pulumi writes locks in one go; an empty one is what a full disk leaves.
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
    """Hold the stack.

    Args:
        layout: where its state is.
        doing: what for, in a word.
        lock_timeout: seconds to wait for others.
        say: takes a line about who is waited for.
        pace: of the heartbeat, ours and others'.

    Raises:
        LockedError: somebody else holds it.
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
    # Two that gave way to each other do not look again at the same moment.
    pause = _LOOK_SECONDS * (1 + name.int % 1000 / 1000) / 2
    while True:
        others = _others(layout, own)
        living = _living(others, watch, pace)
        if not living:
            replace(own, json.dumps(_content(doing)).encode())
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
    """Those that may live: not known to be gone, and heard of within the timeout."""
    return [
        holder
        for holder in others
        # The silence is asked of all, so that it is known how long they are silent.
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
