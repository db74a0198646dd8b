"""Control groups of the nodes: where they are on this host, and how they apply a flavor's limits.

The mounts below /sys/fs/cgroup tell three kinds of host apart:

- ``systemd``: systemd is PID 1 and owns the tree. A node is a transient service with ``Delegate=yes``; systemd sets
  the limits.
- ``unified``: one cgroup2 tree that no other program manages. A node is a folder in it.
- ``split``: version 1 controllers beside a ``name=systemd`` hierarchy, perhaps with a cgroup2 tree without controllers.
  A node is a folder in each hierarchy that matters.
"""

import errno
import functools
import os
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localcloud.host.waiting import wait_for

#: Folder (or systemd slice) that holds the nodes' groups.
PARENT = "localcloud"

#: Version 1 controllers that limit a node; other hierarchies are not touched.
CONTROLLERS = ("memory", "cpu", "devices")

#: A scheduling period in microseconds, the kernel's default.
PERIOD = 100_000

Kind = Literal["systemd", "unified", "split"]


@dataclass(frozen=True)
class Limits:
    """What a flavor allows.

    Attributes:
        memory_mb: MiB of memory, page cache included; 0: no limit.
        processors: processors' worth of time; 0: no limit.
    """

    memory_mb: int = 0
    processors: int = 0

    def quota(self, online: int) -> int:
        """Microseconds of processor time in a `PERIOD`, or -1 if all processors are allowed."""
        return self.processors * PERIOD if 0 < self.processors < online else -1


@dataclass(frozen=True)
class CgroupLayout:
    """The hierarchies of this host.

    Attributes:
        kind: who manages them and of which version they are.
        tracking: mount point of the hierarchy that tracks a node's processes: cgroup2 if mounted.
        controllers: mount point of each version 1 controller in `CONTROLLERS` that is mounted (kind ``split``).
        others: other hierarchies that systemd in a node requires (kind ``split``).
    """

    kind: Kind
    tracking: Path
    controllers: tuple[tuple[str, Path], ...] = ()
    others: tuple[Path, ...] = ()

    def folders(self, name: str) -> tuple[Path, ...]:
        """Every group of a node, the tracking one first."""
        if self.kind == "systemd":
            return (self.tracking / f"{PARENT}.slice" / f"{unit(name)}.service",)
        mounts = (self.tracking, *self.others, *(path for _, path in self.controllers))
        return tuple(mount / PARENT / name for mount in mounts)


def unit(name: str) -> str:
    """The name of a node's transient unit on a host with systemd, without its suffix; ``-`` would nest slices."""
    return f"{PARENT}-node-{name}"


def layout(mounts: str, *, systemd: bool) -> CgroupLayout:
    """Read the hierarchies from the text of /proc/self/mounts.

    Raises:
        LookupError: no cgroup file system tracks processes.
    """
    unified: Path | None = None
    named: Path | None = None
    controllers: list[tuple[str, Path]] = []
    for line in mounts.splitlines():
        _, path, kind, options, *_ = line.split()
        if kind == "cgroup2":
            unified = unified or Path(path)
        elif kind == "cgroup":
            words = options.split(",")
            if "name=systemd" in words:
                named = Path(path)
            controllers += [(word, Path(path)) for word in CONTROLLERS if word in words]
    if systemd:
        tracking = unified or named
        if tracking is None:
            raise LookupError("systemd is PID 1 but neither cgroup2 nor its own hierarchy is mounted")
        # systemd in hybrid mode keeps its units in both; killing goes through cgroup2.
        return CgroupLayout("systemd", tracking)
    if unified is not None and named is None and not controllers:
        return CgroupLayout("unified", unified)
    tracking = unified or named
    if tracking is None:
        raise LookupError("no cgroup2 or name=systemd hierarchy is mounted below /sys/fs/cgroup")
    others = tuple(path for path in (named,) if path is not None and path != tracking)
    return CgroupLayout("split", tracking, tuple(controllers), others)


def host_layout() -> CgroupLayout:
    """The hierarchies of the host that this runs on."""
    return layout(Path("/proc/self/mounts").read_text(), systemd=Path("/run/systemd/system").is_dir())


def limit_files(kind: Kind, limits: Limits, online: int) -> dict[str, list[tuple[str, str]]]:
    """Which values to write: controller -> (file, value), in order. Nothing for kind ``systemd``.

    Args:
        kind: of the host's layout.
        limits: the flavor's.
        online: processors that the host has.
    """
    memory = limits.memory_mb * 1024 * 1024
    quota = limits.quota(online)
    if kind == "unified":
        return {
            "memory": [("memory.max", str(memory) if memory else "max")],
            "cpu": [("cpu.max", f"{quota if quota > 0 else 'max'} {PERIOD}")],
        }
    if kind == "split":
        return {
            "memory": [("memory.limit_in_bytes", str(memory) if memory else "-1")],
            "cpu": [("cpu.cfs_period_us", str(PERIOD)), ("cpu.cfs_quota_us", str(quota))],
        }
    return {}


def device_rules(disks: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Version 1 device rules of a node, in order: only its own block devices; the host's character devices.

    Args:
        disks: major and minor number of each disk.
    """
    # Deny everything first: exceptions to "allow all" cannot have exceptions themselves.
    rules = [("devices.deny", "a"), ("devices.allow", "c *:* rwm"), ("devices.allow", "b *:* m")]
    return rules + [("devices.allow", f"b {major}:{minor} rw") for major, minor in disks]


def systemd_properties(limits: Limits, online: int) -> list[str]:
    """Properties of a node's transient unit, as ``systemd-run --property`` takes them."""
    quota = limits.quota(online)
    return [
        "Delegate=yes",
        "TasksMax=infinity",
        f"Slice={PARENT}.slice",
        *([f"MemoryMax={limits.memory_mb}M"] if limits.memory_mb else []),
        *([f"CPUQuota={100 * quota // PERIOD}%"] if quota > 0 else []),
    ]


class NodeCgroups:
    """The groups of one node on this host.

    Args:
        name: the node's short name.
        where: the host's hierarchies.
    """

    def __init__(self, name: str, where: CgroupLayout) -> None:
        self._where = where
        self._folders = where.folders(name)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every group, the tracking one first."""
        return self._folders

    def make(self, limits: Limits, disks: Sequence[tuple[int, int]]) -> None:
        """Create the groups, or set the limits of existing ones. With systemd, the transient unit does this."""
        if self._where.kind == "systemd":
            return
        online = os.cpu_count() or 1
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
        files = limit_files(self._where.kind, limits, online)
        if self._where.kind == "unified":
            for parent in (self._where.tracking, self._where.tracking / PARENT):
                _write(parent / "cgroup.subtree_control", "+memory +cpu")
            for values in files.values():
                for name, value in values:
                    _write(self._folders[0] / name, value)
            return
        for controller, mount in self._where.controllers:
            folder = mount / PARENT / self._folders[0].name
            for name, value in files.get(controller, []) + (device_rules(disks) if controller == "devices" else []):
                _write(folder / name, value)

    def allow_disk(self, major: int, minor: int, *, allowed: bool = True) -> None:
        """Allow or deny a running node a block device (version 1 hosts; other hosts do not restrict it)."""
        for controller, mount in self._where.controllers:
            folder = mount / PARENT / self._folders[0].name
            if controller == "devices" and folder.is_dir():
                _write(folder / ("devices.allow" if allowed else "devices.deny"), f"b {major}:{minor} rw")

    def processes(self) -> Iterator[int]:
        """All processes of the node, including the supervisor; 0 for one that this PID namespace does not have."""
        for folder, _, _ in os.walk(self._folders[0]):
            try:
                yield from map(int, (Path(folder) / "cgroup.procs").read_text().split())
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENODEV):  # It was removed in the meantime.
                    raise

    def populated(self) -> bool:
        """Whether the node has any processes."""
        return next(self.processes(), None) is not None

    def kill(self, limit: float) -> bool:
        """Kill all processes; return whether all have exited within `limit` seconds."""
        switch = self._folders[0] / "cgroup.kill"
        if switch.exists():
            _write(switch, "1")
        return wait_for(lambda: not self._kill_each(), limit)

    def _kill_each(self) -> bool:
        left = list(self.processes())
        # Number 0 would be the caller's own process group.
        for process in filter(None, left):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return bool(left)

    @property
    def frozen(self) -> bool:
        """Whether the node's processes are frozen."""
        switch = self._folders[0] / "cgroup.freeze"
        return switch.exists() and switch.read_text().strip() == "1"

    def freeze(self, *, frozen: bool) -> None:
        """Freeze the node's processes, or resume them. Needs cgroup2, with or without controllers.

        Raises:
            FileNotFoundError: this host has none.
        """
        _write(self._folders[0] / "cgroup.freeze", "1" if frozen else "0")

    def remove(self) -> None:
        """Remove the empty groups; with systemd, wait until it removes them with their unit."""
        if self._where.kind == "systemd":
            wait_for(lambda: not self._folders[0].exists(), 5)
            return
        for top in self._folders:
            for folder, _, _ in os.walk(top, topdown=False):
                wait_for(functools.partial(_removed, Path(folder)), 2)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno == errno.EBUSY:  # A killed process is still being removed.
            return False
        raise
    return True


def _write(path: Path, text: str) -> None:
    # Kernel files: no truncation, one write.
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def node_names(where: CgroupLayout) -> list[str]:
    """Names of the nodes with a group on this host, running or left over."""
    if where.kind == "systemd":
        slice_folder = where.tracking / f"{PARENT}.slice"
        found = (re.fullmatch(rf"{unit('(.+)')}\.service", path.name) for path in _children(slice_folder))
        return sorted(match[1] for match in found if match)
    mounts = {folder.parent for folder in where.folders("any")}
    return sorted({path.name for mount in mounts for path in _children(mount)})


def _children(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
