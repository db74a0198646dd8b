"""The journal as objects: each batch of entries is one, in the store before the engine gets its answer.

So a machine that dies leaves everything that it did where another one finds it. Entries have secrets as the state has
them: encrypted by the engine. The engine collects entries while a batch is on its way, so that their number and the
time for them hardly depend on the number of resources.
"""

import re
from collections.abc import Iterable

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.log import Content, Json, content_of, lines_of, result_entry, unfinished
from slurm_appliance.journal.store import Store

_NAME = re.compile(r"\d{8}\.jsonl")


class ObjectLog:
    """The journal of one update, in a store of objects. See `Log` for its content.

    Args:
        store: the store.
        folder: the key of the journal's folder.
    """

    def __init__(self, store: Store, folder: str) -> None:
        self.where = store.where(folder)
        self._store = store
        self._folder = folder
        self._next = 0

    def begin(self, head: Json) -> None:
        """Start the journal of an update.

        Raises:
            JournalError: the journal of an update exists that was not merged into the state yet; or it cannot be
                written.
        """
        if self._names():
            raise unfinished(self.where)
        self._next = 0
        self.add([head])

    def add(self, entries: Iterable[Json]) -> None:
        """Add entries; return when they are in the store.

        Raises:
            JournalError: they cannot be written.
        """
        self._store.write(self._key(self._next), lines_of(entries))
        self._next += 1

    def close(self, result: str) -> None:
        """Record that the journal is about to be merged, and the digest of the resulting state."""
        self.add([result_entry(result)])

    def read(self) -> Content | None:
        """Its content; None if there is no journal, or only the rest of one that is being removed.

        Raises:
            JournalError: it cannot be read, or is damaged.
        """
        names = self._names()
        if not names or names[0] != _name(0):
            self._next = 0
            return None
        for number, name in enumerate(names):
            if name != _name(number):
                raise JournalError(
                    f"object {_name(number)} of the journal is missing",
                    where=self.where,
                    remedy=f"copy the journal and remove its objects from {name} on; then run the command again, and "
                    "compare with the cloud: the changes in these objects are missing in the state",
                )
        self._next = len(names)
        contents = self._store.read_all([self._key(number) for number in range(len(names))])
        return content_of(b"".join(contents).split(b"\n")[:-1], self.where)

    def remove(self) -> None:
        """Remove the journal, which is part of the state now: its head first, without which the rest is nothing.

        Raises:
            JournalError: it cannot be removed.
        """
        names = self._names()
        for part in (names[:1], names[1:]):
            self._store.remove(*(f"{self._folder}/{name}" for name in part))
        self._next = 0

    def _names(self) -> list[str]:
        return [name for name in self._store.names(self._folder) if _NAME.fullmatch(name)]

    def _key(self, number: int) -> str:
        return f"{self._folder}/{_name(number)}"


def _name(number: int) -> str:
    return f"{number:08}.jsonl"
