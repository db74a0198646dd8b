"""Reloads of the NFS server's exports: pending from before the change until the server has read them.

A file marks a pending reload. So a run that failed or was killed at any moment leaves it to the next one.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from node.export_receiver.errors import ReloadError
from node.export_receiver.whole_file import sync_folder, write_whole


class Reload:
    """One server's reload.

    Args:
        mark: the file that marks a pending reload.
        command: the command that makes the server reload its exports; None without a server.
    """

    def __init__(self, mark: Path, command: Sequence[str]) -> None:
        self._mark = mark
        self._command = command

    def owe(self) -> None:
        """Mark a reload as pending; call before exports change."""
        write_whole(self._mark, b"", durable=True)

    @property
    def owed(self) -> bool:
        """Whether exports changed and the server may not have read them."""
        return self._mark.exists()

    def run(self) -> None:
        """Make the server reload its exports.

        Raises:
            ReloadError: the reload failed.
        """
        try:
            subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ReloadError(
                "the exports were written, but the NFS server has not loaded them "
                f"({shlex.join(self._command)}: {error}): see its journal, then run site.yml again"
            ) from error

    def done(self) -> None:
        """Clear the mark; call when the server has read its exports and all consequences are on the disk."""
        self._mark.unlink()
        sync_folder(self._mark.parent)
