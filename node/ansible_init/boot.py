"""One boot of a node: its id, and what ends a program that systemd started in it."""

import signal
from pathlib import Path
from types import FrameType


class Terminated(BaseException):
    """Raised in the main thread when systemd, or somebody, ends the run by SIGTERM."""


def raise_on_sigterm() -> None:
    """Raise Terminated at the first SIGTERM; ignore any later one, so that the result is written."""
    signal.signal(signal.SIGTERM, _terminate)


def boot_id() -> str:
    """The kernel's id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
