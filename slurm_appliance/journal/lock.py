"""The lock of Pulumi's own backends: acquired like Pulumi does, and removed only if it is stale.

Our locks have more data than Pulumi's own: the identity of the holder's process (process_identity.py), its operation,
and a heartbeat (heartbeat.py). A lock without these, created by plain ``pulumi``, is never removed.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from slurm_appliance.deploy_host.commit import operator
from slurm_appliance.journal.errors import LockedError, LockLostError
from slurm_appliance.journal.heartbeat import PACE, Pace, Pulse, Watch, beating
from slurm_appliance.journal.process_identity import ProcessIdentity
from slurm_appliance.journal.store import Store

#: The part of a lock that Pulumi does not have.
_OURS = "slurm-appliance"
_SUFFIX = ".json"
#: Maximum polling interval while waiting for a lock, in seconds.
_LOOK_SECONDS = 1.0


class Locked(Protocol):
    """Something that one run at a time may use: a stack, or its compute nodes in a rollout."""

    @property
    def store(self) -> Store:
        """Where its locks are."""

    @property
    def stack(self) -> str:
        """The stack's name."""

    @property
    def locks_folder(self) -> str:
        """The key of the folder with its locks."""

    @property
    def noun(self) -> str:
        """What it is, for messages."""


@dataclass(frozen=True)
class Holder:
    """The holder of a lock, from the lock's data.

    Attributes:
        key: the lock's file.
        pid: the process ID.
        username: its user.
        hostname: its machine.
        since: creation time of the lock, by its own clock.
        doing: its operation; empty for plain ``pulumi``.
        process: its identity; None for plain ``pulumi``, which also has no heartbeat.
    """

    key: str
    pid: int
    username: str
    hostname: str
    since: str
    doing: str = ""
    process: ProcessIdentity | None = None

    @property
    def id(self) -> str:
        """The lock's ID."""
        return self.key.rpartition("/")[2].removesuffix(_SUFFIX)

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
        store: where it is.
        key: its file.
        noun: what is locked.
        taken_over: holders of removed stale locks.
        pulse: when it was last seen.
    """

    store: Store
    key: str
    noun: str
    taken_over: Sequence[Holder] = ()
    pulse: Pulse = field(default_factory=Pulse)

    def check(self) -> None:
        """Check that the lock was not removed: after a suspend, another run may have considered it stale.

        Raises:
            LockLostError: the lock was removed.
        """
        if self.pulse.age < self.store.patience:
            return
        if not self.store.has(self.key):
            remedy = "this run recorded and changed nothing more; see who holds the lock with `locks`, then run again"
            raise LockLostError(
                f"this run lost the lock of {self.noun}", where=self.store.where(self.key), remedy=remedy
            )
        self.pulse.seen()


def holders(place: Locked) -> list[Holder]:
    """The current holders of a lock.

    Raises:
        JournalError: the store cannot be accessed.
    """
    found = []
    for name in place.store.names(place.locks_folder):
        key = f"{place.locks_folder}/{name}"
        content = place.store.read(key) if name.endswith(_SUFFIX) else None
        if content is None:
            continue
        try:
            lock = json.loads(content)
            known = (int(lock["pid"]), str(lock["username"]), str(lock["hostname"]), str(lock["timestamp"]))
            found.append(Holder(key, *known, *_ours(lock)))
        except (ValueError, KeyError, TypeError):
            # Pulumi writes locks at once; an empty one is left by a full disk.
            found.append(Holder(key, 0, "somebody", "an unreadable lock", ""))
    return found


def _ours(lock: dict[str, Any]) -> tuple[str, ProcessIdentity | None]:
    more = lock.get(_OURS)
    return ("", None) if more is None else (str(more["doing"]), ProcessIdentity.read(more["process"]))


@contextmanager
def locked(
    place: Locked,
    doing: str = "",
    *,
    lock_timeout: float = 0.0,
    say: Callable[[str], None] = lambda _text: None,
    pace: Pace = PACE,
) -> Iterator[Lock]:
    """Lock something.

    Args:
        place: what to lock.
        doing: the operation, in a word.
        lock_timeout: timeout for other holders, in seconds.
        say: prints a line about the holder.
        pace: pace of heartbeats, ours and others'.

    Raises:
        LockedError: it is locked by another process.
        JournalError: the store cannot be accessed.
    """
    lock = _acquire(place, doing, lock_timeout, say, pace)
    try:
        with beating(place.store, lock.key, pace) as pulse:
            yield replace(lock, pulse=pulse)
    finally:
        place.store.release(lock.key)


def _acquire(place: Locked, doing: str, lock_timeout: float, say: Callable[[str], None], pace: Pace) -> Lock:
    store = place.store
    watch, end, told = Watch(store), time.monotonic() + lock_timeout, ""
    name = uuid.uuid4()
    own = f"{place.locks_folder}/{name}{_SUFFIX}"
    # A random delay, so that two processes that gave way to each other do not collide again.
    pause = _LOOK_SECONDS * (1 + name.int % 1000 / 1000) / 2
    while True:
        others = _others(place, own)
        living = _living(others, watch, pace)
        if not living:
            store.write(own, json.dumps(_content(doing)).encode())
            # As Pulumi does it: whoever sees another's lock after writing its own gives way.
            living = _living(_others(place, own), watch, pace)
            if not living:
                for holder in others:
                    store.release(holder.key)
                return Lock(store, own, place.noun, tuple(others))
            store.remove(own)
        if time.monotonic() >= end:
            raise _locked(living, place, pace)
        who = "; ".join(map(str, living))
        if who != told:
            say(f"waiting for {who}")
            told = who
        time.sleep(min(pause, max(end - time.monotonic(), 0.0)))


def _others(place: Locked, own: str) -> list[Holder]:
    return [holder for holder in holders(place) if holder.key != own]


def _living(others: Sequence[Holder], watch: Watch, pace: Pace) -> list[Holder]:
    """Holders that may be alive: not known to have exited, and with a heartbeat within the timeout."""
    return [
        holder
        for holder in others
        # Measure the silence of all, so that it is known later.
        if not (watch.silence(holder.key) > pace.timeout and holder.process is not None) and not holder.gone
    ]


def _content(doing: str) -> dict[str, Any]:
    process = ProcessIdentity.own()
    user, _, _host = operator().rpartition("@")
    return {
        "pid": process.pid,
        "username": user,
        "hostname": process.hostname,
        "timestamp": datetime.now(UTC).isoformat(),
        _OURS: {"doing": doing, "process": process.as_json()},
    }


def _locked(living: Sequence[Holder], place: Locked, pace: Pace) -> LockedError:
    who = "; ".join(map(str, living))
    silent = f"a run without a heartbeat for {pace.timeout / 60:.0f} minutes is considered dead"
    remedy = (
        f"wait for it: --lock-timeout 10m ({silent})"
        if all(holder.process is not None for holder in living)
        else "wait until it has finished"
    )
    unlock = f"./slurm-appliance unlock {living[0].id} --stack {place.stack}"
    return LockedError(
        f"{place.noun} is locked by {who}", where=place.stack, remedy=f"{remedy}; if the lock is stale: {unlock}"
    )
