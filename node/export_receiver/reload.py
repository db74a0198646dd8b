"""The NFS server's reading of its exports: owed from before they change until the server has read them.

A mark on the disk says that it is owed. So a run that failed, or was killed at any moment, leaves it to the next one.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from node.export_receiver.errors import ReloadError
from node.export_receiver.folders import sync_folder


class Reload:
    """One server's reload.

    Args:
        mark: the file that says that it is owed.
        command: what makes the server read its exports; none where there is no server.
    """

    def __init__(self, mark: Path, command: Sequence[str]) -> None:
        self._mark = mark
        self._command = command

    def owe(self) -> None:
        """Before exports change."""
        handle = os.open(self._mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self._mark.parent)

    @property
    def owed(self) -> bool:
        """Whether exports changed, and no server is known to have read them."""
        return self._mark.exists()

    def run(self) -> None:
        """Have the server read its exports.

        Raises:
            ReloadError: it did not.
        """
        try:
            subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ReloadError(
                "the exports were written, but the NFS server has not loaded them "
                f"({shlex.join(self._command)}: {error}): see its journal, then run site.yml again"
            ) from error

    def done(self) -> None:
        """The server has read its exports, and all that follows from it is on the disk."""
        self._mark.unlink()
        sync_folder(self._mark.parent)
