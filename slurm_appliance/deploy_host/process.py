"""Processes: runs a child to its end, and prints the errors of our programs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from slurm_appliance.deploy_host.stop_signals import taking_stop_signals
from slurm_appliance.errors import ApplianceError
from toolchain.terminal import guarded


def run_to_end(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> int:
    """Run a command in a folder and return its exit status, ignoring Ctrl-C in this process.

    The terminal also sends Ctrl-C to the child, which may have to clean up before it exits. ``subprocess.run`` would
    kill it a quarter of a second later.
    """
    # Programs inherit an ignored signal, but not a handler: the child gets the default action.
    with (
        taking_stop_signals(lambda _number, _frame: None, (signal.SIGINT,)),
        subprocess.Popen(command, cwd=folder, env={**os.environ, **(environment or {})}) as child,
    ):
        return child.wait()


def run_reporting_errors(program: Callable[[], int], name: str = "") -> int:
    """Run a program that Pulumi or Ansible calls; print expected errors and return their exit status.

    Args:
        program: does the work; returns the exit status.
        name: prefix of the error message.
    """
    with guarded():
        try:
            return program()
        except ApplianceError as error:
            print(f"{name}: {error}" if name else error, file=sys.stderr, flush=True)
            return error.exit_status
