"""An error as a document for programs, with a schema: what a command with ``--output json`` prints when it fails."""

from typing import Literal

from pydantic import Field

from localcloud.errors import LocalCloudError
from slurm_appliance.deployment.document import ProgramDocument, schema_of
from slurm_appliance.errors import ApplianceError, Problem

#: Raised when a field changes its meaning or is removed. New fields do not raise it.
VERSION = 1


class ProblemDocument(ProgramDocument):
    """One of several causes."""

    path: str = Field(description="The config path, node or resource.")
    what: str
    remedy: str


class FailureDocument(ProgramDocument):
    """What happened."""

    what: str
    where: str = Field(description="The config path, node, file or resource; empty if nothing is meant.")
    remedy: str
    evidence: str = Field(description="Lines that show it, such as the end of a log.")
    problems: tuple[ProblemDocument, ...] = Field(description="The causes, if there are several.")


class ErrorDocument(ProgramDocument):
    """Why a command failed. Version 1."""

    version: Literal[1]
    exit_status: int = Field(description="See docs/environments.md.")
    error: FailureDocument

    def to_json(self) -> str:
        """The document as JSON, in one line: other documents may come before it."""
        return self.model_dump_json()


def error_document(error: ApplianceError | LocalCloudError) -> ErrorDocument:
    """The document of an error."""
    problems = getattr(error, "problems", ())
    failure = FailureDocument(
        what=str(getattr(error, "what", error)),
        where=getattr(error, "where", ""),
        remedy=getattr(error, "remedy", ""),
        evidence=getattr(error, "evidence", ""),
        problems=tuple(_problem(each) for each in problems),
    )
    return ErrorDocument(version=VERSION, exit_status=int(error.exit_status), error=failure)


def _problem(each: Problem | tuple[str, str]) -> ProblemDocument:
    if isinstance(each, Problem):
        return ProblemDocument(path=each.path, what=each.what, remedy=each.remedy)
    urn, message = each  # Of the engine.
    return ProblemDocument(path=urn, what=message, remedy="")


def error_schema() -> str:
    """The JSON Schema of the document."""
    return schema_of(ErrorDocument)
