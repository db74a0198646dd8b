"""Runs something in a process of its own, and kills it, by SIGKILL, before one of its steps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any


def in_child(work: Callable[[], object]) -> bool:
    """Run something in a process of its own; returns whether it came to its end, and ended it with 0 if it ended it."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended) == 0


def die_before(fatal: int, steps: Collection[str]) -> None:
    """Have this process killed before the step with this number, counted from 1; 0: before none.

    Args:
        fatal: the number.
        steps: the audit events that count.
    """
    count = 0

    def step(event: str, _arguments: tuple[Any, ...]) -> None:
        nonlocal count
        count += event in steps
        if count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    if fatal:
        sys.addaudithook(step)
