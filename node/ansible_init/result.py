"""The result that others wait for: one JSON file, replaced atomically, readable by everyone, without secrets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from node.ansible_init.whole_file import write_whole

#: Increased when a reader of the former schema would misread the new one.
SCHEMA = 1

RUNNING = "running"  #: in progress in the boot ``boot_id``; after a crash it stays until the next start
DONE = "done"  #: every playbook succeeded
FAILED = "failed"  #: ``step`` failed with ``error``
SKIPPED = "skipped"  #: nothing had to be run; ``reason`` says why


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class PlaybookResult:
    """One playbook that ran: its file name, its result (``done`` or ``failed``), and its duration in seconds."""

    playbook: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        status: one of ``running``, ``done``, ``failed``, ``skipped``.
        started: UTC, ISO 8601.
        ended: likewise; empty while running.
        reason: why nothing was run; while running, what it is waiting for.
        step: the current or failed step: ``metadata``, or a playbook's file name.
        error: one sentence about the failure, with its task.
        instance_id: the server of the run; empty until metadata was read.
        image_build: the image build of the run; empty if the image has no record.
        boot_id: the kernel's ID of the boot of the run.
        steps: the finished playbooks, in order.
        schema: version of this layout.
    """

    status: str
    started: str
    ended: str = ""
    reason: str = ""
    step: str = ""
    error: str = ""
    instance_id: str = ""
    image_build: str = ""
    boot_id: str = ""
    steps: tuple[PlaybookResult, ...] = field(default_factory=tuple)
    schema: int = SCHEMA

    def finished(self, status: str, **changes: Any) -> Result:
        """A copy of this result that ends now."""
        return replace(self, status=status, ended=now(), **changes)

    def settles(self, instance_id: str, image_build: str) -> bool:
        """Whether this result means that nothing is left to do for that server on that image.

        A disk copied to another server has its first server's result, which does not count there.
        """
        return self.status == DONE and (self.instance_id, self.image_build) == (instance_id, image_build)


def read(path: Path) -> Result | None:
    """The result in a file, or None if it is missing or this version does not understand it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    names = {each.name for each in fields(Result)}
    steps = tuple(PlaybookResult(**step) for step in document.pop("steps", ()))
    return Result(**{key: value for key, value in document.items() if key in names}, steps=steps)


def write(path: Path, result: Result) -> None:
    """Replace the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(result), indent=1) + "\n", mode=0o644, durable=True)
