"""Writing files so that a reader, or a run after a kill, sees the old content or the new, never a part."""

import os
import shutil
from pathlib import Path


def write_atomically(path: Path, text: str, *, mode: int = 0o644, group: int | None = None) -> None:
    """Replace a file's content in one step, with exactly this mode; no moment at which others could read more."""
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
    """Make sure that a folder is there with this mode and owner, whatever the umask; its parents as the umask says."""
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, owner, group)
    path.chmod(mode)


def remove_tree(path: Path) -> None:
    """Remove a folder and all below it, or do nothing where it is not there."""
    if path.exists():
        shutil.rmtree(path)


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, or nothing where there is no log."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 200 * lines))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def rotate(path: Path, limit: int = 10_000_000) -> None:
    """Put a log that has grown beyond a number of bytes aside, in place of the one put aside before."""
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_name(f"{path.name}.1"))
