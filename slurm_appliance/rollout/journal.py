"""A rollout's records and its lock, beside the stack's state: another operator sees both, and can go on."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from slurm_appliance.journal.lock import Lock, locked
from slurm_appliance.journal.store import Store
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.record import NodeRecord, Phase

SCHEMA = 1


@dataclass(frozen=True)
class RolloutPlace:
    """Where the rollouts of a cluster are recorded.

    Attributes:
        store: the store.
        folder: the key of a folder for this cluster only.
        stack: the stack's name; empty on the control node.
    """

    store: Store
    folder: str
    stack: str = ""

    @property
    def locks_folder(self) -> str:
        """See `journal.lock.Locked`."""
        return f"{self.folder}/locks"

    @property
    def noun(self) -> str:
        """See `journal.lock.Locked`."""
        return "the rollout of this cluster"

    @property
    def records(self) -> str:
        """The key of the records."""
        return f"{self.folder}/rollout.json"


class Journal:
    """The records of a cluster's rollouts: those of the last one, until the next starts."""

    def __init__(self, place: RolloutPlace) -> None:
        self._place = place
        self._where = place.store.where(place.records)
        self._lock: Lock | None = None

    @contextmanager
    def alone(self, lock_timeout: float = 0.0, say: Callable[[str], None] = lambda _text: None) -> Iterator[None]:
        """Let no other rollout of this cluster run, here or on another machine.

        Args:
            lock_timeout: timeout for another rollout, in seconds.
            say: prints a line about the other one.

        Raises:
            LockedError: another rollout of this cluster is running.
            JournalError: the store cannot be accessed.
        """
        with locked(self._place, "rollout", lock_timeout=lock_timeout, say=say) as lock:
            self._lock = lock
            try:
                yield
            finally:
                self._lock = None

    def read(self) -> dict[str, NodeRecord]:
        """The records by node name; empty if there was no rollout.

        Raises:
            RolloutError: they are damaged or have another schema.
            JournalError: the store cannot be accessed.
        """
        content = self._place.store.read(self._place.records)
        if content is None:
            return {}
        try:
            document = json.loads(content)
            if document["schema"] != SCHEMA:
                raise ValueError(f"schema {document['schema']}, not {SCHEMA}")
            return {name: _record(name, each) for name, each in document["records"].items()}
        except (ValueError, KeyError, TypeError) as error:
            raise RolloutError(
                f"cannot read the journal: {error}",
                where=self._where,
                remedy="remove it: nodes in progress are found again from Slurm's state",
            ) from error

    def write(self, records: Mapping[str, NodeRecord]) -> None:
        """Store all records; they are durable when this returns.

        Raises:
            LockLostError: another rollout has taken over.
            JournalError: the store cannot be accessed.
        """
        if self._lock is not None:
            self._lock.check()
        document = {"schema": SCHEMA, "records": {name: asdict(record) for name, record in records.items()}}
        self._place.store.write(self._place.records, json.dumps(document, indent=1).encode())


def _record(name: str, document: dict[str, Any]) -> NodeRecord:
    return NodeRecord(**{**document, "node": name, "phase": Phase(document["phase"])})
