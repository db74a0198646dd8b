"""Temporary folders for one operation, which do not pile up when operations are killed."""

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
    """A new folder that only its owner can read, removed at the end of the ``with``.

    A killed process leaves its folder without a lock: the next process removes it.
    """
    base = state_folder("scratch")
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as ours:
        # Nobody removes folders between their creation and their lock.
        with _held(base, fcntl.LOCK_EX):
            for other in base.iterdir():
                with suppress(BlockingIOError, FileNotFoundError), _held(other, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(other)
            # A process that starts now may have removed it first.
            folder = Path(ours.enter_context(TemporaryDirectory(dir=base, ignore_cleanup_errors=True)))
            ours.enter_context(_held(folder, fcntl.LOCK_EX))
        yield folder


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """A folder's lock, which child programs do not inherit."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
