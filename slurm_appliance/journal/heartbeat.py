"""A lock's heartbeat: the holder touches the lock, and others observe whether it still changes.

Only changes count, on the observer's clock: the clocks of machines and file servers differ.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.store import Store


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


class Pulse:
    """When this process last saw its lock."""

    def __init__(self) -> None:
        self._seen = _now()

    def seen(self) -> None:
        """Record that it is there."""
        self._seen = _now()

    @property
    def age(self) -> float:
        """Seconds since then; time in a suspended machine counts."""
        return _now() - self._seen


@contextmanager
def beating(store: Store, key: str, pace: Pace = PACE) -> Iterator[Pulse]:
    """Touch a lock while the block runs. A removed lock is not created again."""
    ended, pulse = threading.Event(), Pulse()

    def beat() -> None:
        while not ended.wait(pace.interval):
            try:
                if not store.touch(key):
                    return
                pulse.seen()
            except JournalError:
                continue  # The store is unavailable; the next touch may reach it.

    thread = threading.Thread(target=beat, name="lock heartbeat", daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        ended.set()
        thread.join()


class Watch:
    """Measures how long locks have had no heartbeat, since this process observes them."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, tuple[Hashable, float]] = {}

    def silence(self, key: str) -> float:
        """Seconds since the last observed change of a lock; 0 at the first observation."""
        mark = self._store.mark(key)
        if mark is None:
            return 0.0
        now = self._clock()
        seen = self._seen.get(key)
        if seen is None or seen[0] != mark:
            self._seen[key] = (mark, now)
            return 0.0
        return now - seen[1]


def heard(store: Store, key: str, limit: float) -> bool:
    """Whether a lock has a heartbeat within a timeout in seconds, or is released."""
    watch, end = Watch(store), time.monotonic() + limit
    watch.silence(key)
    while time.monotonic() < end:
        time.sleep(min(0.5, limit / 10))
        if watch.silence(key) == 0.0:
            return True
    return False


def _now() -> float:
    # Linux' monotonic clock stops while the machine is suspended; other systems' do not.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
