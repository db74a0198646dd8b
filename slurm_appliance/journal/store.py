"""Where Pulumi's own backends keep their files: a folder, or a bucket of objects (object_store.py).

A key is the path of a file or object below it, as Pulumi writes it: ``.pulumi/stacks/PROJECT/STACK.json``.
"""

import contextlib
import errno
import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slurm_appliance.deploy_host.files import write_whole
from slurm_appliance.deploy_host.shared_folder import shared_modes
from slurm_appliance.journal.errors import JournalError


class Store(Protocol):
    """Files by key. Each call raises `JournalError` if the store cannot be accessed."""

    @property
    def patience(self) -> float:
        """How long a lock that was seen counts as held, in seconds: 0 where looking costs nothing."""

    def where(self, key: str) -> str:
        """The location of a file, for messages."""

    def read(self, key: str) -> bytes | None:
        """The content of a file; None if it is missing."""

    def read_all(self, keys: Sequence[str]) -> list[bytes]:
        """The contents of files that exist."""

    def has(self, key: str) -> bool:
        """Whether a file exists."""

    def write(self, key: str, content: bytes) -> None:
        """Write a file, whole or not at all; it is durable when this returns."""

    def keep_copy(self, key: str, copy: str) -> None:
        """Copy a file if it exists."""

    def remove(self, *keys: str) -> None:
        """Remove files; missing ones are ignored."""

    def release(self, key: str) -> None:
        """Remove a file that was touched."""

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, sorted; empty if it is missing."""

    def touch(self, key: str) -> bool:
        """Change the mark of a file. A removed file is not created again; returns whether it exists."""

    def mark(self, key: str) -> Hashable | None:
        """What changes with each write and touch of a file; None if it is missing."""


@dataclass(frozen=True)
class FolderStore:
    """A folder, which several users of a machine or of a file server may share.

    Attributes:
        root: the folder: the part after ``file://``.
    """

    root: Path
    patience: float = 0.0

    def path(self, key: str) -> Path:
        """The path of a file."""
        return self.root / key

    def where(self, key: str) -> str:
        """See `Store`."""
        return str(self.path(key))

    def read(self, key: str) -> bytes | None:
        """See `Store`."""
        with self._readable_errors(key, "read"):
            try:
                return self.path(key).read_bytes()
            except FileNotFoundError:
                return None

    def read_all(self, keys: Sequence[str]) -> list[bytes]:
        """See `Store`."""
        found = [self.read(key) for key in keys]
        return [content for content in found if content is not None]

    def has(self, key: str) -> bool:
        """See `Store`."""
        with self._readable_errors(key, "read"):
            return self.path(key).exists()

    def write(self, key: str, content: bytes) -> None:
        """See `Store`."""
        with self._readable_errors(key, "write"):
            write_whole(self.path(key), content, durable=True, modes=shared_modes(self.root))

    def keep_copy(self, key: str, copy: str) -> None:
        """See `Store`."""
        content = self.read(key)
        if content is not None:
            self.write(copy, content)

    def remove(self, *keys: str) -> None:
        """See `Store`."""
        for key in keys:
            with self._readable_errors(key, "remove"):
                self.path(key).unlink(missing_ok=True)

    def release(self, key: str) -> None:
        """See `Store`."""
        self.remove(key)

    def names(self, folder: str) -> list[str]:
        """See `Store`."""
        with self._readable_errors(folder, "read"):
            try:
                entries = sorted(self.path(folder).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []
        # Our own files are hidden while they are written, and Pulumi's bucket keeps attributes beside its files.
        return [each.name for each in entries if not each.name.startswith(".") and not each.name.endswith(".attrs")]

    def touch(self, key: str) -> bool:
        """See `Store`."""
        path = self.path(key)
        with self._readable_errors(key, "write"):
            try:
                os.utime(path)
            except FileNotFoundError:
                return False
        return True

    def mark(self, key: str) -> Hashable | None:
        """See `Store`."""
        with self._readable_errors(key, "read"):
            try:
                stat = self.path(key).stat()
            except FileNotFoundError:
                return None
        return stat.st_mtime_ns, stat.st_ino

    @contextlib.contextmanager
    def _readable_errors(self, key: str, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise access_error(error, self.path(key), doing) from error


def access_error(error: OSError, path: Path, doing: str) -> JournalError:
    """What an error of the operating system means for a file of the state."""
    return JournalError(
        f"cannot {doing} the state: {error.strerror or error}", where=str(path), remedy=remedy_for(error)
    )


def remedy_for(error: OSError) -> str:
    """What an operator can do about an error of the operating system."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            "the folder of a state that several users share belongs to their group, with mode 2770; whoever owns this "
            "file runs `chmod -R g+rwX .pulumi` there. With read access only, `preview` and `status` work"
        )
    if error.errno == errno.EROFS:
        return "the folder is mounted read-only: use `preview` and `status`, or mount it writable"
    return (
        "fix that (for a full disk, free space), then run the command again: the state is the one from before, and the "
        "journal has all later changes"
    )
