"""Reports to Nova when a server stops by itself: ``poweroff`` in the guest, or its systemd-nspawn was killed."""

import threading
import time
from collections.abc import Callable, Iterable

#: Interval for polling the control groups, in seconds; a poll costs one small read per server.
INTERVAL = 1.0


def gone(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Servers that ran at the last poll and do not any more."""
    return sorted(set(before) - set(now))


def watch(running: Callable[[], set[str]], stopped: Callable[[str], None]) -> threading.Thread:
    """Poll the servers for ever, in a separate thread.

    Args:
        running: ids of the servers that have processes.
        stopped: called with the ID of each server that has none any more.
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
