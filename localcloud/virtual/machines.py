"""The QEMU processes of a cloud: found by the files that they were told to use, shut down without libvirt and Nova."""

import os
import re
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localcloud.host.waiting import wait_for
from localcloud.virtual.qmp import Monitor

#: Timeout for killed machines to be gone, in seconds.
_KILL_LIMIT = 30.0

_PROC = Path("/proc")

#: libvirt's folder of a machine, in the name of some file there: it hands the monitor's socket over as a descriptor.
_FOLDER = re.compile(r"/[^\s\",=]*/domain-[0-9]+-[^/\",]+(?=/)")


@dataclass(frozen=True)
class VirtualMachine:
    """One QEMU process.

    Attributes:
        pid: its id.
        name: the guest's, as libvirt and Nova call it.
        monitor: the socket of its monitor; None if it has none.
    """

    pid: int
    name: str
    monitor: Path | None


def parse(pid: int, words: Sequence[str], root: Path) -> VirtualMachine | None:
    """The machine that a command line is of; None if it is no machine with files below a cloud's folder."""
    if not words or not Path(words[0]).name.startswith("qemu-system-"):
        return None
    if not any(f"{root}/" in word for word in words):
        return None
    name = next((word.removeprefix("guest=").split(",")[0] for word in words if word.startswith("guest=")), "")
    folder = next(filter(None, map(_FOLDER.search, words)), None)
    return VirtualMachine(pid, name, Path(folder[0]) / "monitor.sock" if folder else None)


def running(root: Path) -> list[VirtualMachine]:
    """The machines of a cloud.

    Args:
        root: the cloud's state folder, where their disks are.
    """
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        machine = parse(int(entry.name), [os.fsdecode(word) for word in words], root)
        if machine is not None:
            found.append(machine)
    return found


def stop_all(root: Path, grace: float) -> list[str]:
    """Shut down all machines of a cloud; call when libvirtd, which talks to their monitors, is stopped.

    Args:
        root: the cloud's state folder.
        grace: seconds for all of them to shut down; then they are killed.

    Returns:
        What could not be removed, one sentence each.
    """
    found = running(root)
    if found and grace:
        with ThreadPoolExecutor(max_workers=len(found)) as pool:
            list(pool.map(lambda machine: _power_down(machine, grace), found))
    _kill(running(root))
    wait_for(lambda: not running(root), _KILL_LIMIT)
    return [f"virtual machine {machine.name} (process {machine.pid}) does not exit" for machine in running(root)]


def _power_down(machine: VirtualMachine, grace: float) -> None:
    """Press a machine's power button, wait until its system has shut down, and end it."""
    if machine.monitor is None:
        return
    try:
        with Monitor(machine.monitor) as monitor:
            monitor.execute("system_powerdown")
            wait_for(lambda: monitor.execute("query-status").get("status") in (None, "shutdown"), grace, 0.5)
            monitor.execute("quit")
    except (OSError, ValueError):
        return  # It ended, or does not answer: killed below.


def _kill(machines: Iterable[VirtualMachine]) -> None:
    for machine in machines:
        try:
            os.kill(machine.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
