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

#: The number of a batch, and the update: a run that lost its lock cannot replace a batch of the next run.
_NAME = re.compile(r"(\d{8})-(\w+)\.jsonl")


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
        self._update = ""
        self._next = 0
        #: What this process wrote itself, by number: it is not read again at the end.
        self._written: dict[int, bytes] = {}

    def begin(self, head: Json) -> None:
        """Start the journal of an update.

        Raises:
            JournalError: the journal of an update exists that was not merged into the state yet; or it cannot be
                written.
        """
        if self._names():
            raise unfinished(self.where)
        self._update, self._next, self._written = str(head["update"]).partition("-")[0], 0, {}
        self.add([head])

    def add(self, entries: Iterable[Json]) -> None:
        """Add entries; return when they are in the store.

        Raises:
            JournalError: they cannot be written.
        """
        lines = lines_of(entries)
        self._store.write(self._key(self._next), lines)
        self._written[self._next] = lines
        self._next += 1

    def close(self, result: str) -> None:
        """Record that the journal is about to be merged, and the digest of the resulting state."""
        self.add([result_entry(result)])

    def read(self) -> Content | None:
        """Its content; None if there is no journal, or only the rest of one that is being removed.

        Raises:
            JournalError: it cannot be read, or is damaged.
        """
        found = [match for match in map(_NAME.fullmatch, self._names()) if match]
        heads = [match[2] for match in found if int(match[1]) == 0]
        if not heads:
            return None
        if self._update != heads[0]:
            self._update, self._written = heads[0], {}
        numbers = [int(match[1]) for match in found if match[2] == self._update]
        self._next = len(numbers)
        contents = self._contents()
        if len(contents) == self._next and numbers == list(range(self._next)):
            return content_of(b"".join(contents).split(b"\n")[:-1], self.where)
        if not self._store.has(self._key(0)):
            return None  # It became part of the state meanwhile.
        missing = next((n for n in range(self._next) if not self._store.has(self._key(n))), self._next)
        raise JournalError(
            f"object {_name(missing, self._update)} of the journal is missing",
            where=self.where,
            remedy="copy the journal and remove its objects with greater numbers; then run the command again, and "
            "compare with the cloud: the changes in these objects are missing in the state",
        )

    def remove(self) -> None:
        """Remove the journal, which is part of the state now: its head first, without which the rest is nothing.

        Raises:
            JournalError: it cannot be removed.
        """
        names = self._names()
        heads = [name for name in names if name.startswith(_name(0, ""))]
        for part in (heads, [name for name in names if name not in heads]):
            self._store.remove(*(f"{self._folder}/{name}" for name in part))
        self._written = {}

    def _contents(self) -> list[bytes]:
        """The batches in order, as far as they exist."""
        others = [number for number in range(self._next) if number not in self._written]
        read = iter(self._store.read_all([self._key(number) for number in others]))
        found = [self._written.get(number) or next(read, None) for number in range(self._next)]
        return [each for each in found if each is not None]

    def _names(self) -> list[str]:
        return [name for name in self._store.names(self._folder) if _NAME.fullmatch(name)]

    def _key(self, number: int) -> str:
        return f"{self._folder}/{_name(number, self._update)}"


def _name(number: int, update: str) -> str:
    return f"{number:08}-{update}" + (".jsonl" if update else "")
