"""One boot of a node: its ID, and how systemd terminates a program in it."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType


class Terminated(BaseException):
    """Raised in the main thread on SIGTERM, from systemd or anyone else."""


def raise_on_sigterm() -> None:
    """Raise Terminated at the first SIGTERM; ignore any later one, so that the result is written."""
    signal.signal(signal.SIGTERM, _terminate)


def boot_id() -> str:
    """The kernel's ID of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
