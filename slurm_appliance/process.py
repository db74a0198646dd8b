"""Run a child process to its end."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run_to_end(command: Sequence[str], *, folder: Path) -> int:
    """Run a command in a folder and return its exit status, however often the user presses Ctrl-C meanwhile.

    The terminal sends Ctrl-C to the child as well; it decides how to end and may have things to clean up.
    ``subprocess.run`` would kill it a quarter of a second later.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen(command, cwd=folder, preexec_fn=_default_interrupt) as child:  # noqa: PLW1509 - no threads here
            return child.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _default_interrupt() -> None:
    # An ignored signal is inherited over exec; the child shall see Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
