"""Cancelling an operation: the engine ends what it has begun and records it, and the lock is released."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from slurm_appliance.deploy_host.stop_signals import taking_stop_signals
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.engine.process import interrupt_engine
from slurm_appliance.errors import ApplianceError


class CancelledError(ApplianceError):
    """Raised when an operation was cancelled. The exit status is the shell's: 128 and the signal's number."""

    def __init__(self, number: int, by: str = "") -> None:
        super().__init__(
            f"cancelled by {by or signal.Signals(number).name}",
            remedy="run the same command again: it goes on from what is recorded",
        )
        self.exit_status = 128 + number


class Cancellation:
    """A program's wish to cancel an operation that runs in another of its threads."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._folder = ""
        self._interrupted = False

    def begin(self) -> None:
        """An operation begins: earlier wishes were about others."""
        with self._lock:
            self._interrupted = False
            self._asked.clear()

    def runs_in(self, folder: str) -> None:
        """The engine is about to work in a folder.

        Raises:
            CancelledError: the operation was cancelled before.
        """
        with self._lock:
            self._folder, self._interrupted = folder, False
        self.check()

    def ask(self) -> None:
        """Cancel the operation; returns at once."""
        self._asked.set()
        self.interrupt()

    def interrupt(self) -> None:
        """Interrupt the engine if that is asked for, and not done yet: the engine may start after the wish."""
        with self._lock:
            if self._asked.is_set() and not self._interrupted and self._folder:
                self._interrupted = interrupt_engine(send=True, folder=self._folder)

    def check(self, error: Exception | None = None) -> None:
        """End here if it is asked for.

        Raises:
            CancelledError: it is.
        """
        if self._asked.is_set():
            raise CancelledError(signal.SIGINT, "the program") from error


@contextmanager
def cancellable(say: Callable[[str], None], wish: Cancellation) -> Iterator[None]:
    """End in order when a signal comes, or the program wishes so: the engine first, then this process.

    Args:
        say: takes a line for the operator.
        wish: the program's.

    Raises:
        CancelledError: the operation was cancelled before it had ended.
    """
    wish.begin()
    try:
        with _taking_signals(say):
            yield
    except EngineError as error:
        wish.check(error)
        raise


@contextmanager
def _taking_signals(say: Callable[[str], None]) -> Iterator[None]:
    taken: list[int] = []

    def take(number: int, _frame: FrameType | None) -> None:
        taken.append(number)
        engine = interrupt_engine(send=number != signal.SIGINT or not _in_foreground())
        if not engine:
            raise CancelledError(number)
        say("cancelling: the engine ends what it has begun; a second signal ends it at once")

    try:
        with taking_stop_signals(take):
            yield
    except EngineError as error:
        if taken:
            raise CancelledError(taken[0]) from error
        raise


def _in_foreground() -> bool:
    """Whether Ctrl-C on the terminal reaches this process and the engine, which is in the same process group."""
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
