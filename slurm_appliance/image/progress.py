"""Reports the steps of a build with times: short lines, for people and for Pulumi's log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class BuildProgress:
    """Prints a line when a step starts, and records its duration.

    Args:
        write: writes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._start = time.monotonic()
        #: Seconds by step, in order of their ends.
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, details: str = "") -> Iterator[None]:
        """One step; its duration is recorded even if it fails."""
        self.say(f"{name}: {details}" if details else name)
        before = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - before, 1)

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        self._write(f"[{time.monotonic() - self._start:6.1f} s] {text}")
