"""Progress of long commands: one line per step with its duration, when it ends."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Steps:
    """Reports progress to an operator; safe for steps that run in parallel.

    Args:
        say: called with each line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._start = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a step and report it when it ends; a failed step reports nothing, its error does."""
        start = time.monotonic()
        yield
        self.note(what, time.monotonic() - start)

    def note(self, what: str, seconds: float | None = None) -> None:
        """Print a line with a duration in seconds."""
        with self._lock:
            self._say(f"{seconds:7.1f} s  {what}" if seconds is not None else f"{'':9}  {what}")

    def total(self, what: str) -> None:
        """Print a line with the seconds since the start."""
        self.note(what, time.monotonic() - self._start)
