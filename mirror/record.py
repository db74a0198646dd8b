"""What the supervisor says of itself, for the commands outside: one JSON file, replaced whole at every change."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from mirror.files import write_atomically


class SupervisorState(StrEnum):
    """Where the supervisor stands."""

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
    """The supervisor's state.

    Attributes:
        pid: its process number on this machine.
        start: this start's name; part of the names that its processes have in Pulp.
        environment: Pulp's virtual environment.
        state: where it stands.
        step: what it is doing while it starts.
        steps: what it has done, with seconds.
        restarts: how often each process had to be started again.
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
        """What the file says, or None where there is none."""
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
