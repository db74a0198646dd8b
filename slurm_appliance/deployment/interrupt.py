"""Cancelling an operation by a signal: the engine ends what it has begun and records it, and the lock is released."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from slurm_appliance.engine.automation import EngineError
from slurm_appliance.engine.process import interrupt_engine
from slurm_appliance.errors import ApplianceError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CancelledError(ApplianceError):
    """Raised when a signal ended an operation. The exit status is the shell's: 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"cancelled by {signal.Signals(number).name}",
            remedy="run the same command again: it goes on from what is recorded",
        )
        self.exit_status = 128 + number


@contextmanager
def cancellable(say: Callable[[str], None]) -> Iterator[None]:
    """End in order when SIGINT, SIGTERM or SIGHUP comes: the engine first, then this process.

    Only the main thread can take signals; in any other, signals are left to the program.

    Args:
        say: takes a line for the operator.

    Raises:
        CancelledError: a signal came before the operation had ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken: list[int] = []

    def take(number: int, _frame: FrameType | None) -> None:
        taken.append(number)
        engine = interrupt_engine(send=number != signal.SIGINT or not _in_foreground())
        if not engine:
            raise CancelledError(number)
        say("cancelling: the engine ends what it has begun; a second signal ends it at once")

    before = {number: signal.signal(number, take) for number in _SIGNALS}
    try:
        yield
    except EngineError as error:
        if taken:
            raise CancelledError(taken[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether Ctrl-C on the terminal reaches this process and the engine, which is in the same process group."""
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
