"""Processes that outlive the command that started them, identified reliably.

A record has the pid, the process's start time and the machine's boot ID: after a reboot, or if the kernel has reused
the pid, the record matches nothing. In addition, every process of a cloud has the cloud's state folder in its
environment, so that processes are found even if their record was lost.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.control.files import write_private
from localcloud.host.layout import CloudLayout
from localcloud.host.programs import SEARCH_PATH

#: In the environment of every process of a cloud: its state folder.
MARK = "LOCALCLOUD_STATE"

#: Size in bytes above which a log is rotated when its service starts.
_LONGEST_LOG = 64 * 2**20

#: The kernel's view of processes.
PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process of this boot.

    Attributes:
        pid: its id.
        started: when it started, in clock ticks after the machine's boot.
        boot: the machine's boot id.
    """

    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether this process is still running; a zombie is not."""
        return self.boot == boot_id() and _start_time(self.pid) == self.started

    @property
    def network(self) -> str:
        """ID of its network namespace; empty if it has exited."""
        try:
            return os.readlink(PROC / str(self.pid) / "ns/net")
        except FileNotFoundError:
            return ""

    def proportional_memory(self) -> int:
        """Its share of the machine's memory (PSS) in bytes; 0 if it has exited."""
        try:
            rollup = (PROC / str(self.pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def boot_id() -> str:
    """The ID of the machine's current boot."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _start_time(pid: int) -> int | None:
    """When a process started, in clock ticks after boot; None if it does not exist or is a zombie."""
    try:
        # The command's name is in parentheses and may contain anything, so parse after the last one.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def start(
    layout: CloudLayout, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Process:
    """Start a process of the cloud in its own session, append its output to the service's log, and record it.

    Args:
        layout: the cloud.
        name: the service's name, also of the log and of the record.
        command: program and arguments.
        environment: its variables besides PATH, HOME and LANG.
    """
    inherited = {"PATH": SEARCH_PATH, "HOME": os.environ.get("HOME", "/root"), "LANG": "C.UTF-8"}
    _rotate(layout.service_log(name))
    with layout.service_log(name).open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=layout.root,
            env={**inherited, MARK: str(layout.root), **(environment or {})},
        )
    process = Process(child.pid, _start_time(child.pid) or 0, boot_id())
    write_private(
        _record(layout, name), json.dumps({"pid": process.pid, "started": process.started, "boot": process.boot})
    )
    # Python warns about children that were not waited for; nobody waits for these.
    child.returncode = 0
    return process


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.replace(log.with_suffix(".log.old"))


def recorded(layout: CloudLayout, name: str) -> Process | None:
    """The process last started with a name, alive or not."""
    try:
        return Process(**json.loads(_record(layout, name).read_text()))
    except FileNotFoundError:
        return None


def forget(layout: CloudLayout, name: str) -> None:
    """Remove the record of a process that was stopped on purpose."""
    _record(layout, name).unlink(missing_ok=True)


def _record(layout: CloudLayout, name: str) -> Path:
    return layout.run / f"{name}.json"


def marked(root: Path | None = None) -> Iterator[tuple[Process, str]]:
    """Processes of the cloud with this state folder, or of all clouds, with their state folders."""
    boot, prefix = boot_id(), f"{MARK}=".encode()
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or entry.name == str(os.getpid()):
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        folder = next((os.fsdecode(item[len(prefix) :]) for item in environment if item.startswith(prefix)), None)
        started = _start_time(int(entry.name))
        if folder is not None and started is not None and root in (None, Path(folder)):
            yield Process(int(entry.name), started, boot), folder


def stop(processes: Iterable[Process], grace: float, limit: float = 20.0) -> list[Process]:
    """Stop processes: ask first, kill after `grace` seconds; return those still alive `limit` seconds later."""
    left = [process for process in processes if process.alive]
    for sign, timeout in ((signal.SIGTERM, grace), (signal.SIGKILL, limit)):
        for process in left:
            _signal(process, sign)
        end = time.monotonic() + timeout
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = [process for process in left if process.alive]
        if not left:
            break
    return left


def _signal(process: Process, sign: signal.Signals) -> None:
    if not process.alive:
        return
    try:
        os.kill(process.pid, sign)
    except ProcessLookupError:
        return  # It has exited in the meantime.
