"""A share's folder, and a note next to it about its size and who may mount it.

``share-<id>`` is the folder itself. ``share-<id>.json`` says what Manila wants of it. The size is Manila's promise:
nothing stops somebody who writes more. Nothing exports the folder, so the clients in the note are who would be let in.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from localcloud.host.command import HostError

GIB = 1024**3


def make(folder: Path, size: int) -> None:
    """Create an empty share of `size` GiB; one that is there stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    if not _note(folder).exists():
        _write(folder, {"size": size, "clients": {}})


def remove(folder: Path) -> None:
    """Remove a share with all that is on it; a missing one is not an error."""
    _note(folder).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)


def resize(folder: Path, size: int) -> None:
    """Change the size to `size` GiB.

    Raises:
        HostError: what is on it needs more.
    """
    used = sum(file.lstat().st_blocks * 512 for file in folder.rglob("*"))
    if used > size * GIB:
        raise HostError(f"has {used} bytes on it, more than {size} GiB", where=folder.name)
    _write(folder, {**note_of(folder), "size": size})


def admit(folder: Path, clients: Iterable[tuple[str, str]]) -> None:
    """Note who may mount it: addresses, each with ``rw`` or ``ro``."""
    _write(folder, {**note_of(folder), "clients": dict(clients)})


def note_of(folder: Path) -> dict[str, Any]:
    """What Manila wants of a share: ``size`` in GiB, and ``clients``."""
    note: dict[str, Any] = json.loads(_note(folder).read_text())
    return note


def _note(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _write(folder: Path, note: Mapping[str, Any]) -> None:
    fresh = folder.with_name(f"{folder.name}.part")
    fresh.write_text(json.dumps(note))
    fresh.replace(_note(folder))
