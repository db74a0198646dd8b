"""Progress of long commands: one line a step with the seconds it took, as it ends."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Steps:
    """Tells an operator what is being done; safe for steps that run at the same time.

    Args:
        say: called with each line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._start = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a step and say so when it has ended; a step that fails says nothing, its error does."""
        start = time.monotonic()
        yield
        self.note(what, time.monotonic() - start)

    def note(self, what: str, seconds: float | None = None) -> None:
        """Say a line, with the seconds that it took."""
        with self._lock:
            self._say(f"{seconds:7.1f} s  {what}" if seconds is not None else f"{'':9}  {what}")

    def total(self, what: str) -> None:
        """Say a line with the seconds since the start."""
        self.note(what, time.monotonic() - self._start)
