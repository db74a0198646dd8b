"""Tells Nova at once when a server went off by itself: ``poweroff`` in the guest, or its systemd-nspawn was killed."""

import threading
import time
from collections.abc import Callable, Iterable

#: Seconds between two looks at the control groups; a look costs one small read a server.
INTERVAL = 1.0


def gone(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Which servers ran at the last look and do not any more."""
    return sorted(set(before) - set(now))


def watch(running: Callable[[], set[str]], stopped: Callable[[str], None]) -> threading.Thread:
    """Look at the servers for ever, in a thread of its own.

    Args:
        running: ids of the servers that have processes.
        stopped: called with the id of each that has none any more.
    """

    def look() -> None:
        before: set[str] = set()
        while True:
            now = running()
            for uuid in gone(before, now):
                stopped(uuid)
            before = now
            time.sleep(INTERVAL)

    thread = threading.Thread(target=look, name="lifecycle", daemon=True)
    thread.start()
    return thread
