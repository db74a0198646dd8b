"""Nodes that Slurm has not seen since they were booted. On disk, for the worker that comes after this one."""

from __future__ import annotations

import json
from pathlib import Path

from .durable import write


class Lost:
    """One file a node, with the time when its boot was asked for.

    Args:
        folder: where they are; created if it is missing, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._since = {path.stem: _since(path) for path in folder.glob("*.json")}

    def since(self, node: str) -> float | None:
        """When the boot was asked for that Slurm has not seen, in seconds since the epoch; None for a node it sees."""
        return self._since.get(node)

    def add(self, node: str, asked: float) -> None:
        """Remember a node that has not come up."""
        self._since[node] = asked
        write(self._file(node), {"asked": asked})

    def remove(self, node: str) -> None:
        """Forget a node: Slurm has seen it boot."""
        self._since.pop(node, None)
        self._file(node).unlink(missing_ok=True)

    def _file(self, node: str) -> Path:
        return self._folder / f"{node}.json"


def _since(path: Path) -> float:
    """What a file says; one that cannot be read counts from when it was written."""
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["asked"])
    except (ValueError, KeyError, TypeError):
        return path.stat().st_mtime
