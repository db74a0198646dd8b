"""The plan of an adoption as a document for programs, with a schema."""

from typing import Literal, cast

from pydantic import Field

from slurm_appliance.deployment.adoption_plan import Adoption, AdoptionRow
from slurm_appliance.deployment.document import ProgramDocument, schema_of

#: Raised when a field changes its meaning or is removed. New fields do not raise it.
VERSION = 1

#: A ``Fate`` by its name.
FateWord = Literal["adopt", "create", "renew"]


class DifferenceDocument(ProgramDocument):
    """A property of an existing resource that changes in place."""

    path: str = Field(description="In the engine's spelling.")
    current: str
    planned: str


class ResourceDocument(ProgramDocument):
    """A resource that the state does not record yet."""

    kind: str = Field(description="Instance, Port, Volume and so on.")
    name: str
    id: str = Field(description="Empty: it does not exist.")
    action: FateWord = Field(
        description="adopt: the state records it; create: up creates it; renew: it is deleted and created again."
    )
    why: str = Field(description="Empty: it is just adopted.")
    differs: tuple[DifferenceDocument, ...]


class AdoptionDocument(ProgramDocument):
    """What `adopt` would do to a stack. Version 1."""

    version: Literal[1]
    stack: str
    exit_status: int = Field(description="Of a dry run: see docs/environments.md.")
    needed: bool = Field(description="Whether there is anything to do.")
    resources: tuple[ResourceDocument, ...]
    changes: dict[str, int] = Field(description="What `up` does at the end: number of resources by operation.")
    new_secrets: tuple[str, ...] = Field(description="Names of secrets that are made anew.")
    runs_site: bool = Field(description="Whether site.yml runs at the end.")
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """The document as JSON."""
        return self.model_dump_json(indent=2) + "\n"


def adoption_document(plan: Adoption, stack: str) -> AdoptionDocument:
    """The document of an adoption's plan."""
    return AdoptionDocument(
        version=VERSION,
        stack=stack,
        exit_status=int(plan.exit_status),
        needed=plan.needed,
        resources=tuple(map(_resource, plan.rows)),
        changes=dict(plan.plan.counts),
        new_secrets=plan.lost,
        runs_site=plan.runs_site,
        notes=plan.notes,
    )


def _resource(row: AdoptionRow) -> ResourceDocument:
    return ResourceDocument(
        kind=row.kind,
        name=row.name,
        id=row.id,
        action=cast("FateWord", row.fate.name.lower()),
        why=row.why,
        differs=tuple(
            DifferenceDocument(path=each.path, current=each.current, planned=each.planned) for each in row.differs
        ),
    )


def adoption_schema() -> str:
    """The JSON Schema of the document."""
    return schema_of(AdoptionDocument)
