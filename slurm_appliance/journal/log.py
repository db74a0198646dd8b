"""The journal as a file: one entry a line, each on the disk before the engine is told so."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slurm_appliance.journal.errors import JournalError

Json = dict[str, Any]

_RESULT = "result"


@dataclass(frozen=True)
class Content:
    """What is in a journal.

    Attributes:
        head: see Log.begin.
        entries: in their order, each once.
        result: see Log.close; empty where it was not closed.
    """

    head: Json
    entries: list[Json]
    result: str


class Log:
    """The journal of one update.

    Its first line names the update and the engine, and the digest of the state that it goes with: entries mean nothing
    without it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, head: Json) -> None:
        """Start the journal of an update.

        Raises:
            JournalError: there is one already, of an update that nobody has folded into the state.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Both in one write: a journal without its head does not exist.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise JournalError("there is the journal of an unfinished update", where=str(self.path)) from error
        with os.fdopen(descriptor, "wb") as file:
            _append(file.fileno(), [head])

    def add(self, entries: Iterable[Json]) -> None:
        """Add entries; returns when they are on the disk."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            _append(descriptor, entries)
        finally:
            os.close(descriptor)

    def close(self, result: str) -> None:
        """Note that the journal is about to become part of the state, and the digest of what the state is then."""
        self.add([{_RESULT: result}])

    def read(self) -> Content | None:
        """What is in it; None where there is no journal."""
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return None
        # The engine was told of no entry whose line is not whole, so that it did not go on.
        whole = [line for line in lines if line.endswith(b"\n")]
        if not whole:
            return None
        head, *rest = map(json.loads, whole)
        results = [line[_RESULT] for line in rest if _RESULT in line]
        return Content(head, list(_once(line for line in rest if _RESULT not in line)), results[-1] if results else "")

    def remove(self) -> None:
        """Forget the journal; it is part of the state now."""
        self.path.unlink(missing_ok=True)


def _append(descriptor: int, entries: Iterable[Json]) -> None:
    data = b"".join(json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in entries)
    while data:
        data = data[os.write(descriptor, data) :]
    os.fdatasync(descriptor)


def _once(entries: Iterable[Json]) -> Iterator[Json]:
    """Each entry once: the engine sends a batch again when it has lost the answer."""
    seen: set[int] = set()
    for entry in entries:
        if entry["sequenceID"] not in seen:
            seen.add(entry["sequenceID"])
            yield entry
