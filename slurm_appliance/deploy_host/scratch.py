"""Folders for the time of one operation, which do not pile up where operations are killed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from toolchain.paths import state_folder


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A fresh folder that its owner alone can read; gone at the end of the ``with``.

    A killed process removes nothing. The lock that it had on its folder is free then: the next one clears up after it.
    """
    base = state_folder("scratch")
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as ours:
        # Nobody clears up between a folder's creation and its lock.
        with _held(base, fcntl.LOCK_EX):
            for other in base.iterdir():
                with suppress(BlockingIOError, FileNotFoundError), _held(other, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(other)
            # Whoever begins while we end may be quicker to remove it.
            folder = Path(ours.enter_context(TemporaryDirectory(dir=base, ignore_cleanup_errors=True)))
            ours.enter_context(_held(folder, fcntl.LOCK_EX))
        yield folder


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """A folder's own lock, of which programs that are started know nothing."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
