"""Creates slow things once: with a lock, in a temporary folder that is renamed when it is complete."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from toolchain.progress import say


@contextlib.contextmanager
def exclusively(target: Path) -> Iterator[None]:
    """Hold the lock of a path; wait for, and report, another process that holds it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that creates {target.name}")
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``target`` if the block succeeds, and is removed if it fails.

    Requires the lock: leftovers of a killed process are removed first.
    """
    making = target.parent / f".{target.name}.new"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        yield making
        shutil.rmtree(target, ignore_errors=True)
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
