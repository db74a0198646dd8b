"""Nodes that Slurm has not seen since they were booted. On disk, so that a restarted worker knows them."""

from __future__ import annotations

import json
from pathlib import Path

from .whole_file import write_whole


class Lost:
    """One file per node, with the time of its boot request.

    Args:
        folder: the folder, created if missing, readable only by its owner.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._since = {path.stem: _since(path) for path in folder.glob("*.json")}

    def since(self, node: str) -> float | None:
        """The time of the boot request that Slurm has not seen, in seconds since the epoch, or None."""
        return self._since.get(node)

    def add(self, node: str, asked: float) -> None:
        """Record a node that has not come up."""
        self._since[node] = asked
        write_whole(self._file(node), json.dumps({"asked": asked}), durable=True)

    def remove(self, node: str) -> None:
        """Remove a node: Slurm has seen it boot."""
        self._since.pop(node, None)
        self._file(node).unlink(missing_ok=True)

    def _file(self, node: str) -> Path:
        return self._folder / f"{node}.json"


def _since(path: Path) -> float:
    """The time in a file; for an unreadable file, its modification time."""
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["asked"])
    except (ValueError, KeyError, TypeError):
        return path.stat().st_mtime
