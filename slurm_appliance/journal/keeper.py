"""Keeps the state of one stack while updates run: takes their journals, and folds each into the state."""

import hashlib
import json
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.layout import Layout
from slurm_appliance.journal.log import Content, Log, well_formed
from slurm_appliance.journal.replay import replayed

Json = dict[str, Any]


@dataclass
class Update:
    """One update that the engine announced.

    Attributes:
        id: what the engine calls it by.
        kind: update, destroy, refresh or preview.
        begun: when, in seconds of time.time().
        ended: when; 0 while it runs.
        result: succeeded, failed or cancelled, when it has ended.
    """

    id: str
    kind: str
    begun: float
    ended: float = 0.0
    result: str = "in-progress"

    def as_history(self, version: int) -> Json:
        """As Pulumi's history has it."""
        return {
            "kind": self.kind,
            "version": version,
            "startTime": int(self.begun),
            "endTime": int(self.ended),
            "result": self.result,
            "message": "",
            "environment": {},
            "config": {},
        }


class Keeper:
    """The state of one stack, which nobody else changes meanwhile: see lock.py."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.updates: list[Update] = []
        self._log = Log(layout.journal)
        self._refused: JournalError | None = None
        self._lock = threading.RLock()

    def recover(self) -> int:
        """Fold in the journal that a killed update left; returns how many entries it had.

        Raises:
            JournalError: it goes with another state than the one that is there.
        """
        with self._lock:
            found = self._log.read()
            if found is None:
                # A journal of which not even the head was written: nothing was done under it.
                self._log.remove()
                return 0
            state = self.layout.read()
            if found.result == _digest(state):
                self._log.remove()
                return 0
            if found.head["base"] != _digest(state):
                raise JournalError(
                    "the journal of an unfinished update goes with another state than the one that is there",
                    where=str(self._log.path),
                    remedy="somebody replaced the state meanwhile: put the journal aside, then compare both with "
                    "what is in the cloud",
                )
            self._fold(found, state)
            return len(found.entries)

    def export(self) -> Json:
        """The state as Pulumi's API gives it out."""
        with self._lock:
            state = self.layout.read()
        return {
            "version": state["version"],
            "features": state.get("features") or [],
            "deployment": state["checkpoint"].get("latest") or {},
        }

    def announce(self, kind: str) -> Update:
        """An update that is about to start."""
        update = Update(str(uuid.uuid4()), kind, time.time())
        with self._lock:
            self.updates.append(update)
        return update

    def find(self, id_: str) -> Update:
        """A known update.

        Raises:
            JournalError: there is none with this id.
        """
        for update in self.updates:
            if update.id == id_:
                return update
        raise JournalError(f"there is no update {id_}")

    def start(self, update: Update, engine: str) -> None:
        """Open the journal of an update; a preview has none."""
        if update.kind != "preview":
            self._refused = None
            self._log.begin({"update": update.id, "engine": engine, "base": _digest(self.layout.read())})

    def add(self, entries: list[Json]) -> None:
        """Take entries of the running update.

        Raises:
            JournalError: they are not of the form that entries have, or cannot be written. None is taken after that:
                later ones may refer to those that are missing.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            try:
                if not all(map(well_formed, entries)):
                    raise JournalError("the engine sent something that is no entry of a journal")
                self._log.add(entries)
            except JournalError as error:
                self._refused = error
                raise

    def complete(self, update: Update, result: str) -> None:
        """End an update: its journal becomes part of the state."""
        with self._lock:
            update.ended, update.result = time.time(), result
            if update.kind == "preview":
                return
            found = self._log.read()
            if found is None:
                raise JournalError("the running update has no journal", where=str(self._log.path))
            self._fold(found, self.layout.read())

    def _fold(self, journal: Content, state: Json) -> None:
        if journal.entries:
            folded = replayed(state, journal.entries, journal.head["engine"])
            # Killed after the state is written, the journal no longer goes with it; recover() knows by this.
            self._log.close(_digest(folded))
            self.layout.write(folded)
        self._log.remove()


def _digest(state: Json) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
