"""Processes that a cancelled run of Ansible leaves behind.

Ansible's workers lead sessions of their own, so a signal to the run's process group does not reach them. They would
wait for the rest of the run forever.
"""

import contextlib
import os
import signal
from pathlib import Path

_PROC = Path("/proc")


def processes_of_run(folder: Path) -> list[int]:
    """The processes of this user whose environment names files in the folder of a run; ansible-runner sees to that."""
    wanted = os.fsencode(folder.resolve()) + b"/"
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            # It ended meanwhile, or is another user's.
            with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
                if wanted in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def kill_workers(folder: Path) -> None:
    """End all processes of a run that did not end by itself. One that did has only connections that others may use.

    Args:
        folder: the run's own folder.
    """
    for process in processes_of_run(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
