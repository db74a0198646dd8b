"""Which version of Slurm the state on the state volume is of, by daemon: JSON, written once a daemon ran with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .release import refusal, upstream
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

    def refuses(self, version: str) -> str:
        """Why a version does not start on this state, and what can be done; empty where it does.

        Args:
            version: as ``slurmctld -V`` says it.
        """
        for daemon, former in sorted(self.versions.items()):
            found = refusal(former, version)
            if found is not None:
                return f"{daemon}'s state: {found[0]}; {found[1]}"
        return ""

    def note(self, daemon: str, version: str) -> None:
        """A daemon runs with a version."""
        before = self.versions
        after = {**before, daemon: upstream(version)}
        if after != before:
            write_whole(self._path, json.dumps(after, sort_keys=True) + "\n", mode=0o644, durable=True)
