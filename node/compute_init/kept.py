"""A cache of bundle files on this node's disk, so that only changed files are fetched. Secrets are never in it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from node.compute_init.whole_file import write_whole


class KeptFiles:
    """A folder of files that have their digests as names.

    Args:
        folder: the folder, created if missing, readable only by root.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def content(self, digest: str) -> bytes | None:
        """The content with a digest; None if the file is missing or damaged."""
        try:
            found = (self._folder / digest).read_bytes()
        except OSError:
            return None
        return found if hashlib.sha256(found).hexdigest() == digest else None

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Keep exactly these contents, given by digest; remove all others.

        Raises:
            OSError: the disk is full or read-only.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in {path.name for path in self._folder.iterdir()} - contents.keys():
            with contextlib.suppress(FileNotFoundError):
                (self._folder / name).unlink()
        for digest, content in contents.items():
            if self.content(digest) is None:
                write_whole(self._folder / digest, content)
