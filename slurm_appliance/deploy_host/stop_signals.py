"""The signals that stop an operation: the only place that takes them."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C, ``kill``, and the end of the terminal.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def taking_stop_signals(
    take: Callable[[int, FrameType | None], None], signals: Sequence[signal.Signals] = STOP_SIGNALS
) -> Iterator[None]:
    """Call a function for each signal that comes meanwhile.

    A signal that this process was started to ignore stays ignored: ``nohup`` is how an operator says that an operation
    goes on when the terminal ends. Only the main thread can take signals; in any other, they are left to the program.

    Args:
        take: called in the main thread, between two of its steps.
        signals: those to take.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, take) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
