"""The mirror's state, as text and as JSON."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirror import health
from mirror.locks import is_alive
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.record import SupervisorRecord, SupervisorState


@dataclass(frozen=True)
class Report:
    """The result of `look`.

    Attributes:
        state: ``down``, ``starting``, ``up``, ``stopping``, ``failed``, or ``degraded``: up, with parts missing.
        missing: missing parts of a running mirror, as text.
        failure: why the last start failed.
        options: its current or saved options.
        versions: of Pulp's parts.
        processes: number of processes.
        memory: their memory in bytes, with shared memory divided among its users.
        restarts: how often each process was restarted.
        disk: bytes used by database and packages.
    """

    state: str
    missing: tuple[str, ...]
    failure: str
    options: Options
    versions: dict[str, str]
    processes: int
    memory: int
    restarts: dict[str, int]
    disk: int

    @property
    def exit_status(self) -> int:
        """0 if healthy, 3 if the mirror is down, as for system services; 1 otherwise."""
        return {"up": 0, "down": 3}.get(self.state, 1)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "state": self.state,
            "missing": list(self.missing),
            "failure": self.failure,
            "content_url": self.options.content_url,
            "api_url": self.options.api_url,
            "versions": self.versions,
            "processes": self.processes,
            "memory": self.memory,
            "restarts": self.restarts,
            "disk": self.disk,
        }


def look(places: MirrorPlaces) -> Report:
    """The mirror's current state."""
    options = Options.load(places)
    alive = is_alive(places)
    record = SupervisorRecord.load(places.record)
    found = health.ask(options, record.start) if alive and record and record.state is SupervisorState.UP else None
    missing = tuple(found.missing(options.workers)) if found else ()
    members = _members(record.pid) if alive and record and record.pid else []
    return Report(
        state=_state(alive, record, missing),
        missing=missing,
        failure=record.failure.what if record and record.failure else "",
        options=options,
        versions=found.versions if found else {},
        processes=len(members),
        memory=sum(_memory(pid) for pid in members),
        restarts=record.restarts if alive and record else {},
        disk=sum(_size(folder) for folder in (places.database, places.content)),
    )


def _state(alive: bool, record: SupervisorRecord | None, missing: tuple[str, ...]) -> str:
    if record is not None and record.failure is not None:
        return "failed"
    if not alive:
        return "down"
    if record is None:
        return "starting"
    return "degraded" if missing else str(record.state)


def _members(supervisor: int) -> list[int]:
    """IDs of the processes in the supervisor's process namespace."""
    namespace = _namespace(str(supervisor))
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - names are all we want
    return [int(number) for number in numbers if namespace and _namespace(number) == namespace]


def _namespace(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _memory(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0  # It has exited in the meantime, or is not accessible.
    return next((1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def _size(folder: Path) -> int:
    """Bytes on disk below a folder; files that disappear meanwhile are not counted."""
    total = 0
    for path in folder.rglob("*") if os.access(folder, os.R_OK) else ():
        try:
            total += 512 * path.lstat().st_blocks
        except FileNotFoundError:
            continue
    return total
