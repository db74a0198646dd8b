"""Writes files atomically: a reader, or a run after a kill, sees the old content or the new, never a part."""

import os
import shutil
from pathlib import Path


def write_atomically(path: Path, text: str, *, mode: int = 0o644, group: int | None = None) -> None:
    """Replace a file's content atomically, with exactly this mode from the start."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        if group is not None:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    fresh.replace(path)


def make_folder(path: Path, *, mode: int, owner: int = 0, group: int = 0) -> None:
    """Create a folder with this mode and owner, ignoring the umask; create its parents according to the umask."""
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, owner, group)
    path.chmod(mode)


def remove_tree(path: Path) -> None:
    """Remove a folder and everything below it, if it exists."""
    if path.exists():
        shutil.rmtree(path)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, or an empty string if it is missing."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 200 * lines))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def rotate(path: Path, limit: int = 10_000_000) -> None:
    """Rotate a log larger than a number of bytes, replacing the one rotated before."""
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_name(f"{path.name}.1"))
