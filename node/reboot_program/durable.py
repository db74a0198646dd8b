"""Writes files atomically and synced to the disk."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document to a temporary file, sync and rename it."""
    # The listener and the worker are threads of one process, and may write the same file.
    aside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
