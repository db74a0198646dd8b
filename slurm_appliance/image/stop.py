"""Ends a build in an orderly way: every wait goes through here, so that signals and time limits are seen at once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from slurm_appliance.image.errors import StoppedError


class Deadline:
    """Whether to go on. Safe to use from several threads.

    Args:
        limit: seconds that everything together may take.
        what: what the limit is for, as it follows "in 7200 s".
    """

    def __init__(self, limit: float, what: str) -> None:
        self._end = time.monotonic() + limit
        self._limit = limit
        self._what = what
        self._event = threading.Event()
        self._error: StoppedError | None = None

    def set(self, error: StoppedError) -> None:
        """Ask for the end; the first reason stays."""
        if self._error is None:
            self._error = error
        self._event.set()

    @property
    def wanted(self) -> bool:
        """Whether the end was asked for, or the time is over."""
        return self._event.is_set() or time.monotonic() >= self._end

    def check(self) -> None:
        """Raise what the end was asked for with, if it was.

        Raises:
            StoppedError: the build is to end.
        """
        if self._error is not None:
            raise self._error
        if time.monotonic() >= self._end:
            raise StoppedError(f"{self._what} timed out after {self._limit:.0f} s")

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the end is asked for.

        Raises:
            StoppedError: the build is to end.
        """
        self._event.wait(min(seconds, max(0.0, self._end - time.monotonic())))
        self.check()

    def until(
        self, condition: Callable[[], bool], *, limit: float, pause: float, on_time_out: Callable[[], str]
    ) -> None:
        """Ask again and again until a condition holds.

        Args:
            condition: asked at once, then after every pause.
            limit: seconds.
            pause: seconds between two questions.
            on_time_out: says what was waited for, and what is known.

        Raises:
            TimeoutError: it did not come true in time.
            StoppedError: the build is to end.
        """
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() + pause > end:
                raise TimeoutError(on_time_out())
            self.sleep(pause)


@contextmanager
def signals_stop(stop: Deadline, say: Callable[[str], None]) -> Iterator[None]:
    """For as long as the context lasts, Ctrl-C and SIGTERM ask for an orderly end; repeating them changes nothing."""

    def handle(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop.wanted:
            say(f"{name}: already stopping; removing what was created")
            return
        say(f"{name}: stopping after removing what was created")
        stop.set(StoppedError(f"interrupted by {name}", remedy="run it again", signal=number))

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
