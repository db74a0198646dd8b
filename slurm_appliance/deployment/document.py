"""What documents for programs have in common: their base, and the text of their schemas in docs/schemas."""

import json

from pydantic import BaseModel, ConfigDict


class ProgramDocument(BaseModel):
    """A document that a command prints with ``--output json``, or a part of one.

    A reader of this version ignores fields that a later one adds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def schema_of(document: type[ProgramDocument]) -> str:
    """The JSON Schema of a document, as a file has it."""
    return json.dumps(document.model_json_schema(), indent=2) + "\n"
