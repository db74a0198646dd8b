"""Files of former bundles on this node's disk, so that only what is new has to be fetched. Nothing secret is kept."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from node.compute_init.whole_file import write_whole


class KeptFiles:
    """A folder of files that are named by their digests.

    Args:
        folder: for root only; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def content(self, digest: str) -> bytes | None:
        """The content with this digest, if it is here and whole."""
        try:
            found = (self._folder / digest).read_bytes()
        except OSError:
            return None
        return found if hashlib.sha256(found).hexdigest() == digest else None

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Have exactly these contents here, by digest.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in {path.name for path in self._folder.iterdir()} - contents.keys():
            with contextlib.suppress(FileNotFoundError):
                (self._folder / name).unlink()
        for digest, content in contents.items():
            if self.content(digest) is None:
                write_whole(self._folder / digest, content)
