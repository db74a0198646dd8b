#!/usr/bin/python3 -I
"""Slurm's Prolog and Epilog of compute nodes: clean up after a user's last job on the node.

slurmd calls it as root with the name ``slurm-appliance-prolog`` or ``slurm-appliance-epilog``. The prolog marks a job.
The epilog removes the mark; if it was the user's last one, it kills the user's processes and deletes the user's files
in the world-writable folders. It deletes as that user, so root follows no path of a user. A lock per user separates
marking and cleaning: a job that starts meanwhile waits. The program never queries slurmctld, and users cannot make it
fail: a failed Epilog would drain the node.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import signal
import sys
import syslog
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

#: Service users have lower uids: their files do not belong to jobs.
_FIRST_USER = 1000
#: Timeouts for killing processes and deleting files, in seconds. The next Epilog handles the rest.
_PROCESSES = 10.0
_FILES = 60.0
#: Polling interval in seconds.
_TICK = 0.02
_FIND = "/usr/bin/find"
#: The socket of a step: NODE_JOB.STEP.
_STEP = re.compile(r".+_(\d+)\.[\d.]+")


@dataclass(frozen=True)
class NodePlaces:
    """Paths on a compute node.

    Attributes:
        marks: folder with UID/JOB for each job here; in memory, because a boot also ends the jobs
        steps: slurm.conf's SlurmdSpoolDir, with a socket for each running step.
        shared: world-writable folders.
    """

    marks: Path = Path("/run/slurm-appliance/jobs")
    steps: Path = Path("/var/spool/slurmd")
    shared: tuple[Path, ...] = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - to be cleaned


def prolog(job: int, uid: int, places: NodePlaces) -> None:
    """Mark a job; wait while its user's files are being deleted."""
    with _locked(uid, places) as marks:
        (marks / str(job)).touch()


def epilog(job: int, uid: int, places: NodePlaces) -> None:
    """Unmark a job, and clean up if it was its user's last one here."""
    with _locked(uid, places) as marks:
        mark = marks / str(job)
        if not mark.exists():
            return  # It started before this node had the Prolog, and so may others.
        mark.unlink()
        if uid < _FIRST_USER or any(marks.iterdir()):
            return
        marked = {path.name for path in places.marks.glob("*/*")}
        if _running(places.steps) - marked - {str(job)}:
            return  # The job's user is unknown here.
        left = end_processes(uid)
        if left:
            syslog.syslog(f"after job {job}: processes of uid {uid} do not exit: {left[:20]}")
        delete_files(uid, places.shared)


@contextmanager
def _locked(uid: int, places: NodePlaces) -> Iterator[Path]:
    """The locked folder of a user's marks."""
    marks = places.marks / str(uid)
    marks.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (places.marks.parent / f"jobs-{uid}.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield marks


def _running(steps: Path) -> set[str]:
    """IDs of jobs with a step on this node."""
    names = [path.name for path in steps.iterdir()] if steps.is_dir() else []
    return {match[1] for match in map(_STEP.fullmatch, names) if match}


def end_processes(uid: int, seconds: float = _PROCESSES) -> list[int]:
    """Kill all processes of a user, including stopped ones; return those that remain after a timeout."""
    end = time.monotonic() + seconds
    # Signal all of the user's processes in one call: the kernel lets none of them fork meanwhile. A list of processes
    # would miss those that fork and exit fast enough.
    while not _as_user(uid, 2.0, lambda: os.kill(-1, signal.SIGKILL)) and time.monotonic() < end:
        # One of them killed this process first.
        for process in processes_of(uid):
            _kill(process, uid)
        time.sleep(_TICK)
    while (left := processes_of(uid)) and time.monotonic() < end:
        time.sleep(_TICK)
    return left


def processes_of(uid: int) -> list[int]:
    """Processes of a user, without zombies."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [number for number in numbers if _is_of(number, uid)]


def _is_of(process: int, uid: int) -> bool:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = dict(line.partition(":\t")[::2] for line in status.splitlines())
    return fields.get("Uid", "").split("\t")[0] == str(uid) and not fields.get("State", "Z").startswith(("Z", "X"))


def _kill(process: int, uid: int) -> None:
    """Kill a process if it still belongs to the user: its ID may have been reused."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        if _is_of(process, uid):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def delete_files(uid: int, folders: Sequence[Path], seconds: float = _FILES) -> None:
    """Delete a user's files below some folders, on their file systems, as that user; follow no links."""
    end = time.monotonic() + seconds
    below = ["-xdev", "-mindepth", "1", "-user", str(uid)]
    for folder in folders:
        find = [_FIND, "-P", str(folder), *below]
        # First open folders that their owner has closed.
        for action in (["-type", "d", "!", "-perm", "-u=rwx", "-exec", "chmod", "u+rwx", "{}", ";"], ["-delete"]):
            _as_user(uid, max(end - time.monotonic(), 0.1), partial(_become, [*find, *action]))


def _become(command: Sequence[str]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.chdir("/")
    os.execve(command[0], list(command), {"PATH": "/usr/bin:/bin", "LC_ALL": "C"})  # noqa: S606 - no shell is wanted


def _as_user(uid: int, seconds: float, action: Callable[[], None]) -> bool:
    """Run something in a process of the user with a timeout; return whether it finished."""
    try:
        group = pwd.getpwuid(uid).pw_gid
    except KeyError:
        group = 65534  # nogroup; the user was deleted.
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(uid, uid, uid)
            action()
            os._exit(0)
        except ProcessLookupError:
            os._exit(0)
        finally:
            os._exit(1)
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(_TICK)


def main(program: str, environment: Mapping[str, str], places: NodePlaces) -> int:
    """Run the prolog or epilog; return the exit status."""
    syslog.openlog(program)
    begins = program.endswith("prolog")
    try:
        job, uid = int(environment["SLURM_JOB_ID"]), int(environment["SLURM_JOB_UID"])
        (prolog if begins else epilog)(job, uid, places)
    except (OSError, KeyError, ValueError) as error:
        syslog.syslog(f"{type(error).__name__}: {error}")
        # Another job's Epilog could delete the files of an unmarked job.
        return 1 if begins else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).name, os.environ, NodePlaces()))
