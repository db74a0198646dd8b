"""Stops a build cleanly: every wait uses this, so that signals and timeouts take effect at once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from slurm_appliance.deploy_host.stop_signals import taking_stop_signals
from slurm_appliance.image.errors import StoppedError


class Deadline:
    """A deadline that can also be set early, by a signal. Thread-safe.

    Args:
        limit: timeout for everything, in seconds.
        what: what the timeout is for; subject of "timed out after 7200 s".
    """

    def __init__(self, limit: float, what: str) -> None:
        self._end = time.monotonic() + limit
        self._limit = limit
        self._what = what
        self._event = threading.Event()
        self._error: StoppedError | None = None

    def set(self, error: StoppedError) -> None:
        """Request a stop; the first reason is kept."""
        if self._error is None:
            self._error = error
        self._event.set()

    @property
    def wanted(self) -> bool:
        """Whether a stop was requested, or the timeout has expired."""
        return self._event.is_set() or time.monotonic() >= self._end

    def check(self) -> None:
        """Raise the reason if a stop was requested, or the timeout has expired.

        Raises:
            StoppedError: the build was stopped.
        """
        if self._error is not None:
            raise self._error
        if time.monotonic() >= self._end:
            raise StoppedError(f"{self._what} timed out after {self._limit:.0f} s")

    def sleep(self, seconds: float) -> None:
        """Wait, but only until a stop is requested.

        Raises:
            StoppedError: the build was stopped.
        """
        self._event.wait(min(seconds, max(0.0, self._end - time.monotonic())))
        self.check()

    def until(
        self, condition: Callable[[], bool], *, limit: float, pause: float, on_time_out: Callable[[], str]
    ) -> None:
        """Poll until a condition is true.

        Args:
            condition: checked at once, then after every pause.
            limit: timeout in seconds.
            pause: polling interval in seconds.
            on_time_out: returns the error message.

        Raises:
            TimeoutError: it did not become true in time.
            StoppedError: the build was stopped.
        """
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() + pause > end:
                raise TimeoutError(on_time_out())
            self.sleep(pause)


@contextmanager
def signals_stop(deadline: Deadline, say: Callable[[str], None]) -> Iterator[None]:
    """During the context, signals request a clean stop; repeating them has no effect."""

    def handle(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if deadline.wanted:
            say(f"{name}: already stopping; removing what was created")
            return
        say(f"{name}: stopping after removing what was created")
        deadline.set(StoppedError(f"interrupted by {name}", remedy="run it again", signal=number))

    with taking_stop_signals(handle):
        yield
