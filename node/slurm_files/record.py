"""Which version of Slurm the state on the state volume is of, by daemon: JSON, written once a daemon ran with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .release import upstream
from .whole_file import write_whole


class Record:
    """The record.

    Args:
        path: its file; there is none on a state volume from before it was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def versions(self) -> Mapping[str, str]:
        """By daemon; nothing where it cannot be read."""
        try:
            read = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): str(version) for name, version in read.items()} if isinstance(read, dict) else {}

    def note(self, daemon: str, version: str) -> None:
        """A daemon runs with a version."""
        self.replace({**self.versions, daemon: upstream(version)})

    def replace(self, versions: Mapping[str, str]) -> None:
        """The state is of these versions, by daemon."""
        if versions != self.versions:
            write_whole(self._path, json.dumps(dict(versions), sort_keys=True) + "\n", mode=0o644, durable=True)
