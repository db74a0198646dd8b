"""The journal as a file: one entry per line, each on the disk before the engine gets its answer.

Only complete lines count: the engine got no answer for an incomplete one, so it did not continue. A failed write, for
example on a full disk, is rolled back; an incomplete line of a killed process is cut off before the next write. So a
journal always consists of complete lines and at most one incomplete line at its end.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slurm_appliance.deploy_host.files import make_folders, sync_folder
from slurm_appliance.deploy_host.shared_folder import PRIVATE, Modes, give
from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.store import remedy_for

Json = dict[str, Any]

_RESULT = "result"
#: Number of bytes that are read at once to find the end of the last complete line.
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Content:
    """The content of a journal.

    Attributes:
        head: see Log.begin.
        entries: in order, each once.
        result: see Log.close; empty if it was not closed.
    """

    head: Json
    entries: list[Json]
    result: str


class Log:
    """The journal of one update.

    Its first line has the update, the engine, and the digest of the matching state: entries are meaningless
    without it.
    """

    def __init__(self, path: Path, modes: Modes = PRIVATE) -> None:
        self.path = path
        self.where = str(path)
        self._modes = modes

    def begin(self, head: Json) -> None:
        """Start the journal of an update.

        Raises:
            JournalError: the journal of an update exists that was not merged into the state yet; or it cannot be
                written.
        """
        with self._readable_errors():
            make_folders(self.path.parent, self._modes)
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError as error:
                raise unfinished(self.where) from error
            try:
                give(self.path, self._modes.file, self._modes.group)
                _append(descriptor, [head])
                sync_folder(self.path.parent)
            except OSError:
                # A journal without its head counts as missing.
                self.path.unlink()
                raise
            finally:
                os.close(descriptor)

    def add(self, entries: Iterable[Json]) -> None:
        """Add entries; return when they are on the disk.

        Raises:
            JournalError: they cannot be written; the journal is unchanged.
        """
        with self._readable_errors():
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND)
            try:
                _append(descriptor, entries)
            finally:
                os.close(descriptor)

    def close(self, result: str) -> None:
        """Record that the journal is about to be merged, and the digest of the resulting state."""
        self.add([result_entry(result)])

    def read(self) -> Content | None:
        """Its content without an incomplete last line; None if there is no journal.

        Raises:
            JournalError: it cannot be read, or is damaged before its end.
        """
        with self._readable_errors():
            try:
                *lines, _torn = self.path.read_bytes().split(b"\n")
            except FileNotFoundError:
                return None
        return content_of(lines, self.where)

    def remove(self) -> None:
        """Remove the journal, which is part of the state now.

        Raises:
            JournalError: it cannot be removed.
        """
        with self._readable_errors():
            self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = f"cannot access the journal: {error.strerror or error}"
            raise JournalError(what, where=self.where, remedy=remedy_for(error)) from error


def unfinished(where: str) -> JournalError:
    """An update cannot start, because the journal of another one is there."""
    return JournalError("the journal of an unfinished update exists", where=where)


def content_of(lines: Sequence[bytes], where: str) -> Content | None:
    """The content of a journal from its complete lines; None if it has no head.

    Raises:
        JournalError: a line is damaged.
    """
    if not lines:
        return None
    head, *rest = (_parsed(number, line, where) for number, line in enumerate(lines, 1))
    results = [line[_RESULT] for line in rest if _RESULT in line]
    return Content(head, list(_once(line for line in rest if _RESULT not in line)), results[-1] if results else "")


def lines_of(entries: Iterable[Json]) -> bytes:
    """Entries as complete lines."""
    return b"".join(json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in entries)


def result_entry(result: str) -> Json:
    """The last entry of a journal: see Log.close."""
    return {_RESULT: result}


def _parsed(number: int, line: bytes, where: str) -> Json:
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if isinstance(document, dict) and (_is_head(document) if number == 1 else _is_entry(document)):
        return document
    raise JournalError(
        f"line {number} of the journal is damaged",
        where=where,
        remedy=f"save a copy of the journal and truncate it before line {number}; then run the command again, and "
        "compare with the cloud: the changes from that line on are missing in the state",
    )


def _is_head(document: Json) -> bool:
    return isinstance(document.get("base"), str) and isinstance(document.get("engine"), str)


def _is_entry(document: Json) -> bool:
    return isinstance(document.get(_RESULT), str) if _RESULT in document else well_formed(document)


def well_formed(entry: object) -> bool:
    """Whether it has the fields of an engine's entry."""
    numbers = ("version", "kind", "sequenceID", "operationID")
    return isinstance(entry, dict) and all(type(entry.get(name)) is int for name in numbers)


def _append(descriptor: int, entries: Iterable[Json]) -> None:
    """Append complete lines after the last complete line, atomically."""
    data = lines_of(entries)
    end = _end_of_lines(descriptor)
    os.ftruncate(descriptor, end)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fdatasync(descriptor)
    except OSError:
        os.ftruncate(descriptor, end)
        raise


def _end_of_lines(descriptor: int) -> int:
    """The size of a file without an incomplete last line."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _once(entries: Iterable[Json]) -> Iterator[Json]:
    """Each entry once: the engine resends a batch after a lost answer."""
    seen: set[int] = set()
    for entry in entries:
        if entry["sequenceID"] not in seen:
            seen.add(entry["sequenceID"])
            yield entry
