#!/usr/bin/python3 -I
"""Slurm's Prolog and Epilog of compute nodes: what a user leaves behind goes with the user's last job on the node.

slurmd calls it as root, by the name of ``slurm-appliance-prolog`` or ``slurm-appliance-epilog``. The first marks a job.
The second removes the mark; if it was the last one of the user, it ends the processes of the user and deletes the files
of the user in the folders that everybody may write. It deletes as that user, so that root follows no path of a user.

A lock for each user keeps marks and cleaning apart: a job that starts meanwhile waits. Nothing here asks slurmctld, and
nothing that a user does makes it fail: a failed Epilog would drain the node.
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

#: Users of services are below: their files are no job's.
_FIRST_USER = 1000
#: Seconds for processes to end, and for files to be deleted. What is left then is for the next Epilog.
_PROCESSES = 10.0
_FILES = 60.0
#: Seconds between two looks at something that ends.
_TICK = 0.02
_FIND = "/usr/bin/find"
#: The socket of a step: NODE_JOB.STEP.
_STEP = re.compile(r".+_(\d+)\.[\d.]+")


@dataclass(frozen=True)
class NodePlaces:
    """Where things are on a compute node.

    Attributes:
        marks: UID/JOB for each job here. In memory: gone at boot, as the jobs are.
        steps: slurm.conf's SlurmdSpoolDir, with a socket for each step that runs.
        shared: folders that everybody may write.
    """

    marks: Path = Path("/run/slurm-appliance/jobs")
    steps: Path = Path("/var/spool/slurmd")
    shared: tuple[Path, ...] = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - to be cleaned


def prolog(job: int, uid: int, places: NodePlaces) -> None:
    """Mark a job; waits while the files of its user are being deleted."""
    with _locked(uid, places) as marks:
        (marks / str(job)).touch()


def epilog(job: int, uid: int, places: NodePlaces) -> None:
    """Unmark a job, and clean up after its user if that was the last one here."""
    with _locked(uid, places) as marks:
        mark = marks / str(job)
        if not mark.exists():
            return  # It began before this node had the Prolog, and so may others have.
        mark.unlink()
        if uid < _FIRST_USER or any(marks.iterdir()):
            return
        marked = {path.name for path in places.marks.glob("*/*")}
        if _running(places.steps) - marked - {str(job)}:
            return  # Whose that job is nobody knows here.
        left = end_processes(uid)
        if left:
            syslog.syslog(f"after job {job}: processes of uid {uid} do not exit: {left[:20]}")
        delete_files(uid, places.shared)


@contextmanager
def _locked(uid: int, places: NodePlaces) -> Iterator[Path]:
    """The folder of a user's marks, while nobody else changes it."""
    marks = places.marks / str(uid)
    marks.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (places.marks.parent / f"jobs-{uid}.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield marks


def _running(steps: Path) -> set[str]:
    """Ids of jobs that have a step on this node."""
    names = [path.name for path in steps.iterdir()] if steps.is_dir() else []
    return {match[1] for match in map(_STEP.fullmatch, names) if match}


def end_processes(uid: int, seconds: float = _PROCESSES) -> list[int]:
    """End all processes of a user, stopped ones too; returns those that are still there after some seconds."""
    end = time.monotonic() + seconds
    # All that the user may signal, in one call: the kernel lets none of them fork meanwhile. A list of processes is no
    # such moment: one that forks and exits fast enough is never on it.
    while not _as_user(uid, 2.0, lambda: os.kill(-1, signal.SIGKILL)) and time.monotonic() < end:
        # One of them did the same, and was first.
        for process in processes_of(uid):
            _kill(process, uid)
        time.sleep(_TICK)
    while (left := processes_of(uid)) and time.monotonic() < end:
        time.sleep(_TICK)
    return left


def processes_of(uid: int) -> list[int]:
    """Processes that a user started, zombies left out."""
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
    """Kill a process if it still is the user's: its number may be another one's by now."""
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
    """Delete what a user owns in some folders and below, on their file systems, as that user; follows no links."""
    end = time.monotonic() + seconds
    below = ["-xdev", "-mindepth", "1", "-user", str(uid)]
    for folder in folders:
        find = [_FIND, "-P", str(folder), *below]
        # Folders that their owner has closed are opened first.
        for action in (["-type", "d", "!", "-perm", "-u=rwx", "-exec", "chmod", "u+rwx", "{}", ";"], ["-delete"]):
            _as_user(uid, max(end - time.monotonic(), 0.1), partial(_become, [*find, *action]))


def _become(command: Sequence[str]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.chdir("/")
    os.execve(command[0], list(command), {"PATH": "/usr/bin:/bin", "LC_ALL": "C"})  # noqa: S606 - no shell is wanted


def _as_user(uid: int, seconds: float, action: Callable[[], None]) -> bool:
    """Do something in a process that is the user's, and end that after some seconds; returns whether it was done."""
    try:
        group = pwd.getpwuid(uid).pw_gid
    except KeyError:
        group = 65534  # nogroup; the user is no more.
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
    """Do what slurmd calls for; returns the exit status."""
    syslog.openlog(program)
    begins = program.endswith("prolog")
    try:
        job, uid = int(environment["SLURM_JOB_ID"]), int(environment["SLURM_JOB_UID"])
        (prolog if begins else epilog)(job, uid, places)
    except (OSError, KeyError, ValueError) as error:
        syslog.syslog(f"{type(error).__name__}: {error}")
        # A job that is not marked could lose its files to another one's Epilog.
        return 1 if begins else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).name, os.environ, NodePlaces()))
