"""Creates slow things once: with a lock, in a temporary folder that is renamed when it is complete."""

import contextlib
import errno
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from toolchain.errors import ToolchainError
from toolchain.progress import say


@contextlib.contextmanager
def exclusively(target: Path) -> Iterator[None]:
    """Hold the lock of a path; wait for, and report, another process that holds it.

    In a cache that only another user may write to, what exists is complete and needs no lock.

    Raises:
        ToolchainError: it does not exist, and this user may not create it.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        opened = (target.parent / f"{target.name}.lock").open("w")
    except OSError as error:
        if target.exists() and error.errno in (errno.EACCES, errno.EROFS):
            yield
            return
        raise ToolchainError(
            f"cannot write to the cache: {error.strerror or error}",
            where=str(target.parent),
            remedy="set XDG_CACHE_HOME to a folder of your own, or let a user who may write there run it first",
        ) from error
    with opened as guard:
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
