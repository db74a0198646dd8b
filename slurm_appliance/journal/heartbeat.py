"""A lock's heartbeat: whoever holds a lock touches it, and whoever waits for it sees whether it still changes.

Only changes count, by the clock of the one who looks: clocks of machines differ, and a file server has its own.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pace:
    """How often a lock is touched, and how long it may be silent.

    Attributes:
        interval: seconds between two touches.
        timeout: seconds without a touch after which the holder counts as gone. File servers show changes to others
            late, by a minute and more.
    """

    interval: float = 10.0
    timeout: float = 300.0


PACE = Pace()


@contextmanager
def beating(path: Path, pace: Pace = PACE) -> Iterator[None]:
    """Touch a lock as long as the block runs. A lock that somebody took away is not made again."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(pace.interval):
            try:
                os.utime(path)
            except FileNotFoundError:
                return
            except OSError:
                continue  # The file server is away; the next touch may reach it.

    thread = threading.Thread(target=beat, name="lock heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Watch:
    """Tells how long locks have not been touched, since this process looks at them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def silence(self, path: Path) -> float:
        """Seconds since a change of a lock was last seen; 0 at the first look."""
        try:
            stat = path.stat()
        except FileNotFoundError:
            return 0.0
        now, mark = self._clock(), (stat.st_mtime_ns, stat.st_ino)
        seen = self._seen.get(path)
        if seen is None or seen[0] != mark:
            self._seen[path] = (mark, now)
            return 0.0
        return now - seen[1]


def heard(path: Path, limit: float) -> bool:
    """Whether a lock is touched within so many seconds; also where it is released meanwhile."""
    watch, end = Watch(), time.monotonic() + limit
    watch.silence(path)
    while time.monotonic() < end:
        time.sleep(min(0.5, limit / 10))
        if watch.silence(path) == 0.0:
            return True
    return False
