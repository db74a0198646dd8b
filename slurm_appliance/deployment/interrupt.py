"""Ctrl-C while the engine works: the engine itself finishes its running operations and records their results."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def passing_interrupts(say: Callable[[str], None]) -> Iterator[None]:
    """Leave Ctrl-C to the engine, which also receives it from the terminal; only acknowledge it."""

    def note(_number: int, _frame: FrameType | None) -> None:
        say("stopping after the operations in progress; interrupt again to stop at once")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
