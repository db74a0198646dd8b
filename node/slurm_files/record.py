"""The record of the Slurm version that each daemon last ran with: a JSON file on the state volume, beside the state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .release import upstream
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

    def note(self, daemon: str, version: str) -> None:
        """Record the version that a daemon runs with."""
        self.write({**self.versions, daemon: upstream(version)})

    def write(self, versions: Mapping[str, str]) -> None:
        """Record the version of each daemon's state."""
        if versions != self.versions:
            write_whole(self._path, json.dumps(dict(versions), sort_keys=True) + "\n", mode=0o644, durable=True)
