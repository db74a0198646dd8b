"""A lock's heartbeat: the holder touches the lock, and others observe whether it still changes.

Only changes count, on the observer's clock: the clocks of machines and file servers differ.
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
    """Interval and timeout of heartbeats.

    Attributes:
        interval: interval of heartbeats in seconds.
        timeout: seconds without a heartbeat after which the holder counts as dead. File servers show changes to others
            with a delay of a minute or more.
    """

    interval: float = 10.0
    timeout: float = 300.0


PACE = Pace()


@contextmanager
def beating(path: Path, pace: Pace = PACE) -> Iterator[None]:
    """Touch a lock while the block runs. A removed lock is not created again."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(pace.interval):
            try:
                os.utime(path)
            except FileNotFoundError:
                return
            except OSError:
                continue  # The file server is unavailable; the next touch may reach it.

    thread = threading.Thread(target=beat, name="lock heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Watch:
    """Measures how long locks have had no heartbeat, since this process observes them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def silence(self, path: Path) -> float:
        """Seconds since the last observed change of a lock; 0 at the first observation."""
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
    """Whether a lock has a heartbeat within a timeout in seconds, or is released."""
    watch, end = Watch(), time.monotonic() + limit
    watch.silence(path)
    while time.monotonic() < end:
        time.sleep(min(0.5, limit / 10))
        if watch.silence(path) == 0.0:
            return True
    return False
