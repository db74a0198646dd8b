"""The files that are written from the schema, and tests hold in step with it."""

import json

from slurm_appliance.config.example import example
from slurm_appliance.config.json_schema import json_schema
from slurm_appliance.config.reference import reference

#: Where the committed copies are, seen from the repository.
FILES = {"json": "stacks/config.schema.json", "example": "stacks/Pulumi.example.yaml"}


def text_of(form: str) -> str:
    """The text of a file: ``json``, ``example`` or ``reference``.

    Raises:
        KeyError: there is no such form.
    """
    return {"json": _json, "example": example, "reference": reference}[form]()


def _json() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"
