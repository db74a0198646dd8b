"""Two locks: one for the running command, one that marks the mirror as running.

Both are advisory locks of the kernel, so a killed process leaves no stale lock. All processes of the mirror inherit the
second one: it is released when the last of them has exited.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mirror.errors import BusyError, MirrorServiceError
from mirror.places import MirrorPlaces


@contextmanager
def command_lock(places: MirrorPlaces, command: str) -> Iterator[None]:
    """Lock the mirror for one command.

    Raises:
        BusyError: another command holds the lock; the message names it.
    """
    places.state.mkdir(parents=True, exist_ok=True)
    with places.command_lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another command"
            raise BusyError(
                f"locked by {holder}", where="mirror", remedy="wait for it to finish, then try again"
            ) from None
        file.truncate(0)
        file.write(f"'mirror {command}' (process {os.getpid()})")
        file.flush()
        yield


def is_alive(places: MirrorPlaces) -> bool:
    """Whether any process of the mirror is running."""
    if not places.service_lock.exists():
        return False
    with places.service_lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def take_service_lock(places: MirrorPlaces, limit: float = 3.0) -> int:
    """Take the lock that marks the mirror as running and return its descriptor, which child processes inherit.

    Raises:
        ServiceError: processes of the mirror are running. The timeout tolerates a short check by another command.
    """
    descriptor = os.open(places.service_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + limit
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(descriptor)
                raise MirrorServiceError(
                    "processes of the mirror are still running", remedy="run 'mirror down' first"
                ) from None
            time.sleep(0.05)
        else:
            return descriptor


def wait_until_dead(places: MirrorPlaces, limit: float) -> bool:
    """Wait for the last process of the mirror to exit, with a timeout in seconds; return whether it did."""
    end = time.monotonic() + limit
    while is_alive(places):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
