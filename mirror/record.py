"""The supervisor's record for commands: one JSON file, replaced atomically at every change."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from mirror.files import write_atomically


class SupervisorState(StrEnum):
    """The supervisor's state."""

    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass
class Failure:
    """Why the supervisor gave up: the parts of a `MirrorError`."""

    what: str
    where: str = ""
    remedy: str = ""
    evidence: str = ""


@dataclass
class SupervisorRecord:
    """The supervisor's record.

    Attributes:
        pid: its process ID on this machine.
        start: the name of this start; part of its processes' names in Pulp.
        environment: Pulp's virtual environment.
        state: its state.
        step: the current step of its start.
        steps: completed steps with their durations in seconds.
        restarts: how often each process was restarted.
        failure: why it gave up.
    """

    pid: int
    start: str
    environment: str
    state: SupervisorState = SupervisorState.STARTING
    step: str = ""
    steps: list[tuple[str, float]] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    failure: Failure | None = None

    def save(self, path: Path) -> None:
        """Replace the file."""
        write_atomically(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "SupervisorRecord | None":
        """The record from the file, or None if it is missing."""
        if not path.exists():
            return None
        kept = json.loads(path.read_text())
        return cls(
            pid=kept["pid"],
            start=kept["start"],
            environment=kept["environment"],
            state=SupervisorState(kept["state"]),
            step=kept["step"],
            steps=[(name, seconds) for name, seconds in kept["steps"]],
            restarts=dict(kept["restarts"]),
            failure=Failure(**kept["failure"]) if kept["failure"] else None,
        )
