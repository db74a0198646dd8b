"""The result that others wait for: one JSON file, replaced as a whole, readable by everyone, without secrets."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

#: Raised when a reader of the former schema would misunderstand the new one.
SCHEMA = 1

RUNNING = "running"  #: under way in the boot that ``boot_id`` names; after a crash it stays so until the next start
DONE = "done"  #: every playbook succeeded
FAILED = "failed"  #: ``step`` failed with ``error``
SKIPPED = "skipped"  #: nothing was to be run; ``reason`` says why


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class PlaybookResult:
    """One playbook that ran: its file name, how it ended (``done`` or ``failed``), and the seconds it took."""

    playbook: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Result:
    """How the run went.

    Attributes:
        status: one of ``running``, ``done``, ``failed``, ``skipped``.
        started: UTC, ISO 8601.
        ended: likewise; empty while running.
        reason: why nothing was run, where nothing was; while running, what is waited for.
        step: the step under way, or the one that failed: ``metadata``, or a playbook's file name.
        error: one sentence about the failure, with the task it happened in.
        instance_id: the server that the run belongs to; empty until metadata was read.
        image_build: the build of the image that the run belongs to; empty where the image has no record.
        boot_id: the kernel's id of the boot that the run happened in.
        steps: the playbooks that ended, in order.
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
        """This result, ended now."""
        return replace(self, status=status, ended=now(), **changes)

    def settles(self, instance_id: str, image_build: str) -> bool:
        """Whether this result says that nothing is left to do for that server on that image.

        A disk that was copied to another server carries its first server's result: it does not count there.
        """
        return self.status == DONE and (self.instance_id, self.image_build) == (instance_id, image_build)


def read(path: Path) -> Result | None:
    """The result in a file, or None where there is none that this version understands."""
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
    """Replace the file as a whole: a reader, or a crash, sees the former result or this one and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(result), file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
