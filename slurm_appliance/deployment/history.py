"""A stack's history: who changed it, when, from which commit, and how it ended; and as a document for programs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from slurm_appliance.deployment.document import ProgramDocument, schema_of
from slurm_appliance.errors import UsageError
from slurm_appliance.journal.layout import StackPlace

#: Raised when a field changes its meaning or is removed. New fields do not raise it.
VERSION = 1


@dataclass(frozen=True)
class PastRun:
    """One run of the engine.

    Attributes:
        start: when it began; None if it is not known.
        end: when it ended.
        user: who ran it: user@host.
        kind: update, destroy, refresh.
        result: succeeded, failed, cancelled.
        changes: number of resources by operation.
        commit: the commit that it ran from; empty if it is not known.
        dirty: whether there were changes that no commit had.
        message: what the operator said about it.
    """

    start: datetime | None
    end: datetime | None
    user: str
    kind: str
    result: str
    changes: Mapping[str, int] = field(default_factory=dict)
    commit: str = ""
    dirty: bool = False
    message: str = ""


def past_runs(place: StackPlace | None, last: int) -> tuple[PastRun, ...]:
    """The last runs, the newest first.

    Raises:
        UsageError: the state is in a service, which keeps its own history.
        JournalError: the history cannot be read.
    """
    if place is None:
        raise UsageError("this backend keeps its own history", remedy="show it with `pulumi stack history`")
    return tuple(map(_run, place.history(last)))


def _run(update: Mapping[str, Any]) -> PastRun:
    about = update.get("environment") or {}
    changes = update.get("resourceChanges") or {}
    return PastRun(
        start=_time(update.get("startTime")),
        end=_time(update.get("endTime")),
        user=about.get("slurm-appliance.user") or about.get("git.author") or "",
        kind=update.get("kind") or "",
        result=update.get("result") or "",
        changes={op: count for op, count in sorted(changes.items()) if op != "same"},
        commit=about.get("git.head") or "",
        dirty=about.get("git.dirty") == "true",
        message=update.get("message") or "",
    )


def _time(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and seconds else None


class RunDocument(ProgramDocument):
    """One run of the engine."""

    start: str = Field(description="ISO 8601, UTC; empty: not known.")
    end: str
    user: str = Field(description="user@host.")
    kind: str = Field(description="update, destroy, refresh.")
    result: str = Field(description="succeeded, failed, cancelled.")
    changes: dict[str, int] = Field(description="Number of resources by operation.")
    commit: str = Field(description="Empty: not known.")
    dirty: bool = Field(description="Whether there were changes that no commit had.")
    message: str


class HistoryDocument(ProgramDocument):
    """Who changed a stack, the newest run first. Version 1."""

    version: Literal[1]
    stack: str
    runs: tuple[RunDocument, ...]

    def to_json(self) -> str:
        """The document as JSON."""
        return self.model_dump_json(indent=2) + "\n"


def history_document(runs: Iterable[PastRun], stack: str) -> HistoryDocument:
    """The document of a history."""
    return HistoryDocument(
        version=VERSION,
        stack=stack,
        runs=tuple(
            RunDocument(
                start=run.start.isoformat() if run.start else "",
                end=run.end.isoformat() if run.end else "",
                user=run.user,
                kind=run.kind,
                result=run.result,
                changes=dict(run.changes),
                commit=run.commit,
                dirty=run.dirty,
                message=run.message,
            )
            for run in runs
        ),
    )


def history_schema() -> str:
    """The JSON Schema of the document."""
    return schema_of(HistoryDocument)
