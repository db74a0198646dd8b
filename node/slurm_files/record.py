"""The record of the Slurm version that each daemon last ran with: a JSON file on the state volume, beside the state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .release import refusal, upstream
from .whole_file import write_whole


class Record:
    """The record.

    Args:
        path: its file; missing on the state volume of a cluster older than the record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions by daemon; empty if the file is missing or damaged."""
        try:
            read = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): str(version) for name, version in read.items()} if isinstance(read, dict) else {}

    def refuses(self, version: str) -> str:
        """Why a version of Slurm cannot start with this state, and what to do; empty if it can.

        Args:
            version: the output of ``slurmctld -V``.
        """
        for daemon, former in sorted(self.versions.items()):
            found = refusal(former, version)
            if found is not None:
                return f"{daemon}'s state: {found[0]}; {found[1]}"
        return ""

    def note(self, daemon: str, version: str) -> None:
        """Record the version that a daemon runs with."""
        before = self.versions
        after = {**before, daemon: upstream(version)}
        if after != before:
            write_whole(self._path, json.dumps(after, sort_keys=True) + "\n", mode=0o644, durable=True)
