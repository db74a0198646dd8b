"""Ctrl-C while the engine works: it is the engine's to end what it has begun, and to write down what there is."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def passing_interrupts(say: Callable[[str], None]) -> Iterator[None]:
    """Leave Ctrl-C, which the terminal sends to the engine as well, to the engine; only say that it was seen."""

    def note(_number: int, _frame: FrameType | None) -> None:
        say("stopping after the operations in progress; interrupt again to stop at once")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
