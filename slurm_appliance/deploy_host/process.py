"""Processes: a child that is run to its end, and what a program of ours ends with."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from slurm_appliance.errors import ApplianceError
from toolchain.terminal import guarded


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


def run_reporting_errors(program: Callable[[], int], name: str = "") -> int:
    """Run the work of a program that Pulumi or Ansible calls: what goes wrong on purpose becomes a sentence.

    Args:
        program: does the work; returns the exit status.
        name: what the sentence begins with.
    """
    with guarded():
        try:
            return program()
        except ApplianceError as error:
            print(f"{name}: {error}" if name else error, file=sys.stderr, flush=True)
            return error.exit_status


def _default_interrupt() -> None:
    # An ignored signal is inherited over exec; the child shall see Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
