"""Keeps the state of one stack during updates: receives their journals, and merges them into the state."""

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.log import Content, well_formed
from slurm_appliance.journal.replay import replayed

Json = dict[str, Any]
#: The default message of updates; who runs them, and from which commit, by name.
Origin = tuple[str, Mapping[str, str]]

#: Journal and state are two files: retry if an update ends between the two reads.
_LOOKS = 3


@dataclass
class Update:
    """One update that the engine announced.

    Attributes:
        id: its ID for the engine.
        kind: update, destroy, refresh or preview.
        begun: start time, in seconds of time.time().
        ended: end time; 0 while it runs.
        result: succeeded, failed or cancelled, when it has ended.
        message: what the operator says about it.
        environment: who runs it, and from which commit.
        changes: number of resources by operation, when it has ended.
    """

    id: str
    kind: str
    begun: float
    ended: float = 0.0
    result: str = "in-progress"
    message: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)

    def as_history(self, version: int) -> Json:
        """The update in the format of Pulumi's history."""
        return {
            "kind": self.kind,
            "version": version,
            "startTime": int(self.begun),
            "endTime": int(self.ended),
            "result": self.result,
            "message": self.message,
            "environment": dict(self.environment),
            "config": {},
            **({"resourceChanges": dict(self.changes)} if self.changes else {}),
        }


class Keeper:
    """The state of one stack, which is locked: see lock.py.

    Args:
        layout: the files of the state.
        guard: raises if the lock was lost: then nothing more is written.
        origin: the default message of updates; who runs them, and from which commit, by name.
    """

    def __init__(
        self,
        layout: StackPlace,
        guard: Callable[[], None] = lambda: None,
        origin: Origin = ("", {}),
    ) -> None:
        self.layout = layout
        self._guard = guard
        self._origin = origin
        self.updates: list[Update] = []
        self._log = layout.log()
        self._refused: JournalError | None = None
        self._lock = threading.RLock()
        self._shown: Callable[[Json], Json] = dict

    @contextmanager
    def showing(self, changed: Callable[[Json], Json]) -> Iterator[None]:
        """Show the engine other attributes of the resources than the state has; the state keeps its own.

        Args:
            changed: makes the deployment to show; it has the same resources in the same order.
        """
        self._shown = changed
        try:
            yield
        finally:
            self._shown = dict

    def recover(self) -> int:
        """Merge the journal of a killed update; return its number of entries.

        Raises:
            JournalError: it does not match the current state.
        """
        with self._lock:
            self._guard()
            found = self._log.read()
            if found is None:
                # A journal without a complete head: nothing was done with it.
                self._log.remove()
                return 0
            state = self.layout.read()
            if found.result == _digest(state):
                self._log.remove()
                return 0
            if found.head["base"] != _digest(state):
                raise _other_state(self._log.where)
            self._fold(found, state)
            if found.head.get("about") and found.entries:
                self.layout.record(found.head["about"] | {"endTime": int(time.time()), "result": "failed"})
            return len(found.entries)

    def replace(self, deployment: Json) -> None:
        """Replace the state's resources; no update runs meanwhile.

        Raises:
            LockLostError: the lock was lost: the state may be another run's by now.
        """
        with self._lock:
            self._guard()
            state = self.layout.read()
            self.layout.write(state | {"checkpoint": state["checkpoint"] | {"latest": deployment}})

    def export(self) -> Json:
        """The state in the format of Pulumi's API."""
        with self._lock:
            state = self.layout.read()
        return {
            "version": state["version"],
            "features": state.get("features") or [],
            "deployment": self._shown(state["checkpoint"].get("latest") or {}),
        }

    def announce(self, kind: str, message: str = "", environment: Mapping[str, str] | None = None) -> Update:
        """Announce an update that is about to start."""
        title, known = self._origin
        about = {**(environment or {}), **known}
        update = Update(str(uuid.uuid4()), kind, time.time(), message=message or title, environment=about)
        with self._lock:
            self.updates.append(update)
        return update

    def find(self, id_: str) -> Update:
        """A known update.

        Raises:
            JournalError: there is none with this ID.
        """
        for update in self.updates:
            if update.id == id_:
                return update
        raise JournalError(f"unknown update {id_}")

    def start(self, update: Update, engine: str) -> None:
        """Open the journal of an update; a preview has none."""
        if update.kind != "preview":
            self._guard()
            self._refused = None
            base = _digest(self.layout.read())
            about = update.as_history(0)
            self._log.begin({"update": update.id, "engine": engine, "base": base, "about": about})

    def add(self, entries: list[Json]) -> None:
        """Add entries of the running update.

        Raises:
            JournalError: they are malformed or cannot be written. Then no more entries are accepted: later ones may
            reference the missing ones.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            self._guard()
            try:
                if not all(map(well_formed, entries)):
                    raise JournalError("the engine sent an invalid journal entry")
                self._log.add(entries)
            except JournalError as error:
                self._refused = error
                raise

    def complete(self, update: Update, result: str) -> None:
        """End an update, and merge its journal into the state."""
        with self._lock:
            update.ended, update.result = time.time(), result
            if update.kind == "preview":
                return
            self._guard()
            found = self._log.read()
            if found is None:
                raise JournalError("the running update has no journal", where=self._log.where)
            state = self.layout.read()
            if found.head["base"] != _digest(state):
                raise _other_state(self._log.where)
            self._fold(found, state)
            self.layout.record(update.as_history(0))

    def count(self, update: Update, changes: Mapping[str, int]) -> None:
        """Record how many resources an update changed."""
        update.changes = dict(changes)

    def _fold(self, journal: Content, state: Json) -> None:
        if journal.entries:
            folded = replayed(state, journal.entries, journal.head["engine"])
            # After a kill here, the journal no longer matches the written state; recover() detects that with this.
            self._log.close(_digest(folded))
            self.layout.write(folded)
        self._log.remove()


def current(layout: StackPlace) -> Json:
    """The state with its journal's changes, from a running or killed update; changes nothing.

    Raises:
        JournalError: the stack does not exist, or the journal does not match its current state.
    """
    return find_current(layout) or layout.read()


def find_current(layout: StackPlace) -> Json | None:
    """The same; None if the stack does not exist.

    Raises:
        JournalError: the journal does not match the current state.
    """
    log = layout.log()
    for _attempt in range(_LOOKS):
        found = log.read()
        state = layout.find()
        if state is None or found is None or not found.entries:
            return state
        digest = _digest(state)
        if found.result == digest:
            return state
        if found.head["base"] == digest:
            return replayed(state, found.entries, found.head["engine"])
    raise _other_state(log.where)


def _other_state(where: str) -> JournalError:
    return JournalError(
        "the journal of an unfinished update does not match the current state",
        where=where,
        remedy="the state was replaced in the meantime: move the journal away, then compare both with the cloud",
    )


def _digest(state: Json) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
