"""Writes files that others may read at the same time, or must not read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner can ever read it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def tail(path: Path, lines: int = 20, limit: int = 65536) -> str:
    """The last lines of a log; empty if the log is missing."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - limit))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
