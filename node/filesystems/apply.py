"""Does what the plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import disks, plan, units
from .errors import FilesystemsError
from .request import FilesystemsRequest, Mount, Places
from .systemd import Systemd, mounted
from .whole_file import write_whole

#: Helper programs of types, and the package that has each.
_HELPERS = {"nfs": ("mount.nfs", "nfs-common or nfs-utils"), "cephfs": ("mount.ceph", "ceph-common"),
            "lustre": ("mount.lustre", "a Lustre client")}  # fmt: skip
_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")


@dataclass
class FilesystemsOutcome:
    """What was changed, what does not work, and what waits; a line each."""

    changes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def apply(
    request: FilesystemsRequest,
    systemd: Systemd | None = None,
    table: Callable[[], frozenset[str]] = mounted,
) -> FilesystemsOutcome:
    """Mount what is wanted and unmount what is not."""
    run = _Run(request.places, systemd or Systemd(), table)
    ready = [mount for each in request.mounts if (mount := run.prepared(each, request)) is not None]
    run.secrets(ready, {each.name for each in request.mounts})
    run.lnet(request.mounts)
    # Units of file systems that cannot be prepared stay as they are.
    kept = {each.where for each in request.mounts} - {each.where for each in ready}
    run.units(ready, kept)
    run.record(bool(request.mounts))
    return run.outcome


class _Run:
    def __init__(self, places: Places, systemd: Systemd, table: Callable[[], frozenset[str]]) -> None:
        self._places = places
        self._systemd = systemd
        self._table = table
        self.outcome = FilesystemsOutcome()

    def prepared(self, mount: Mount, request: FilesystemsRequest) -> Mount | None:
        """A file system that can be mounted: its helper program is there, its disk is formatted."""
        try:
            _check_helper(mount)
            if mount.type != "disk":
                return mount
            device = Path(mount.device)
            if mount.volume:
                device = disks.find(request.volumes[mount.volume], self._places.disks)
            kind, made = disks.prepare(device, mount.format)
        except FilesystemsError as error:
            self.outcome.problems.append(f"{mount.where}: {error}")
            return None
        if made:
            self.outcome.changes.append(f"formatted {device} with {kind}")
        return replace(mount, what=str(device), format=kind)

    def secrets(self, mounts: Iterable[Mount], names: set[str]) -> None:
        """Write keys, and remove those of former file systems."""
        folder = self._places.secrets
        for mount in mounts:
            if mount.key:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                path = units.secret_file(mount, folder)
                if not path.exists() or path.read_text() != mount.key + "\n":
                    write_whole(path, mount.key + "\n", mode=0o600)
                    self.outcome.changes.append(f"wrote the key of {mount.name}")
        for path in sorted(folder.glob("*.secret")) if folder.is_dir() else ():
            if path.stem not in names:
                path.unlink()
                self.outcome.changes.append(f"removed the key of {path.stem}")

    def lnet(self, mounts: Iterable[Mount]) -> None:
        """Write the options of the kernel module lnet."""
        given = next((each.lnet for each in mounts if each.lnet), "")
        self._file(self._places.lnet, f"{units.MARK}\noptions lnet {given}\n" if given else "")

    def units(self, mounts: list[Mount], kept: set[str]) -> None:
        """Bring systemd's units to what is wanted, and start them."""
        wanted = units.units(mounts, self._places.secrets)
        there = {path.name: path.read_text(errors="surrogateescape") for path in self._unit_files()}
        for name in plan.foreign(wanted, there):
            self.outcome.problems.append(f"{self._places.units / name} is somebody else's: remove it")
            del wanted[name]
        stay = {units.unit_name(where, suffix) for where in kept for suffix in ("mount", "automount")}
        found = {name: text for name, text in plan.ours(there).items() if name not in stay}
        actions = plan.plan(wanted, found, self._outdated(found))
        for name in actions.remove:
            self._remove(name)
        for name in actions.write:
            write_whole(self._places.units / name, wanted[name], mode=0o644)
            self.outcome.changes.append(f"wrote {name}")
        if actions.remove or actions.write:
            self._systemd.call("daemon-reload")
        for name in actions.restart:
            if self._systemd.is_active(name) and not self._systemd.stop(name):
                self.outcome.notes.append(f"{name} is in use: its new options apply after a reboot")
        self._start([mount for mount in mounts if units.starts(mount) in wanted])

    def _outdated(self, names: Iterable[str]) -> list[str]:
        since = self._systemd.active_since(sorted(names))
        return [name for name, start in since.items() if start < int((self._places.units / name).stat().st_mtime)]

    def _start(self, mounts: list[Mount]) -> None:
        for mount in mounts:
            unit = units.starts(mount)
            if not self._systemd.is_enabled(unit):
                self._systemd.call("enable", unit)
        idle = [mount for mount in mounts if not self._systemd.is_active(units.starts(mount))]
        if idle:
            # In one call, so that several that are away take no longer than one.
            self._systemd.call("start", *(units.starts(mount) for mount in idle))
        there = self._table()
        for mount in mounts:
            unit = units.starts(mount)
            if not self._systemd.is_active(unit) or not (mount.automount or mount.where in there):
                self.outcome.problems.append(f"{mount.where} cannot be mounted: {self._systemd.why(unit)}")
                continue
            if mount in idle:
                self.outcome.changes.append(f"mounted {mount.where}")
            if mount.type == "disk" and mount.mode and not mount.automount:
                self._permissions(Path(mount.where), int(mount.mode, 8))

    def _permissions(self, folder: Path, mode: int) -> None:
        if folder.stat().st_mode & 0o7777 != mode:
            folder.chmod(mode)
            self.outcome.changes.append(f"changed the permissions of {folder}")

    def _remove(self, name: str) -> None:
        self._systemd.call("disable", name)
        if self._systemd.is_active(name) and not self._systemd.stop(name):
            # Not at the next boot; the next run tries again before that.
            self.outcome.notes.append(f"{name} is in use: it is not unmounted before a reboot")
            return
        (self._places.units / name).unlink(missing_ok=True)
        self.outcome.changes.append(f"removed {name}")

    def record(self, any_: bool) -> None:
        """Leave a file where there is something to remove later, so that boots of other nodes do nothing."""
        self._file(self._places.record, f"{units.MARK}\n" if any_ or self.outcome.notes else "")

    def _file(self, path: Path, text: str) -> None:
        former = path.read_text() if path.exists() else ""
        if former == text:
            return
        if text:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_whole(path, text, mode=0o644)
        else:
            path.unlink()
        if path != self._places.record:
            self.outcome.changes.append(f"wrote {path}" if text else f"removed {path}")

    def _unit_files(self) -> list[Path]:
        folder = self._places.units
        return [
            path for suffix in ("mount", "automount") for path in sorted(folder.glob(f"*.{suffix}")) if path.is_file()
        ]


def _check_helper(mount: Mount) -> None:
    if mount.type not in _HELPERS:
        return
    program, package = _HELPERS[mount.type]
    if not any(Path(folder, program).exists() for folder in _FOLDERS):
        raise FilesystemsError(f"this node's image has no {program}: add {package} to the extra_packages of its build")
