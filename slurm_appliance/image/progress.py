"""Says what a build does, step by step with times: short lines, for people and for Pulumi's log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class BuildProgress:
    """Prints one line when a step begins and keeps the seconds that it took.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._start = time.monotonic()
        #: Seconds by step, in the order in which the steps ended.
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, details: str = "") -> Iterator[None]:
        """One step; its time counts even where it fails."""
        self.say(f"{name}: {details}" if details else name)
        before = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - before, 1)

    def say(self, text: str) -> None:
        """One line, with the seconds since the beginning."""
        self._write(f"[{time.monotonic() - self._start:6.1f} s] {text}")
