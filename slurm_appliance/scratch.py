"""Folders for the time of one operation, which do not pile up where operations are killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.paths import state_folder


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A fresh folder that its owner alone can read; gone at the end of the ``with``.

    A killed process removes nothing. The lock that it had on its folder is free then: the next one clears up after it.
    """
    base = state_folder("scratch")
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(base, wait=True):
        # Nobody clears up between a folder's creation and its lock.
        for abandoned in base.iterdir():
            with _locked(abandoned, wait=False) as free:
                if free:
                    shutil.rmtree(abandoned)
        folder = Path(tempfile.mkdtemp(dir=base))
        handle = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _lock(folder: Path) -> int:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


@contextmanager
def _locked(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Whether a folder's lock could be had."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
