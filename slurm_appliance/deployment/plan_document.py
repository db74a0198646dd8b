"""A plan as a document for programs, with a schema: what CI reads, what is approved and compared later."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field, ValidationError

from slurm_appliance.deployment.document import ProgramDocument, schema_of
from slurm_appliance.deployment.image_plan import ImageReference, NodeImage, summary
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.errors import ApplianceError, ExitStatus, UsageError

#: Raised when a field changes its meaning or is removed. New fields do not raise it.
VERSION = 1
#: Differences that an error names one by one.
_MOST_DIFFERENCES = 20


#: A ``NodeAction`` by its name; the schema lists them, so a new one is a new field value for programs.
ActionWord = Literal["none", "create", "reimage_by_slurm", "resize", "rebuild_now", "replace", "delete", "blocked"]


class StalePlanError(ApplianceError):
    """Raised when the plan is no longer the one that was approved."""

    exit_status = ExitStatus.STALE_PLAN


class ImageDocument(ProgramDocument):
    """An image."""

    id: str = Field(description="Empty: not known, or still to be built.")
    name: str = Field(description="Empty: no list of images has it.")
    build: str = Field(description="The entry of image_builds that is to make it; empty where the image exists.")


class NodeDocument(ProgramDocument):
    """A node, and what happens to it."""

    group: str
    node: str = Field(description="Its host name.")
    current: ImageDocument | None = Field(description="The image that it runs; null where there is no server.")
    target: ImageDocument | None = Field(description="The image that it is to run; null where it is to be deleted.")
    action: ActionWord
    disruptive: bool = Field(description="Whether somebody who uses the node notices.")
    disruption: str = Field(description="What they notice; empty for nothing.")
    why: str


class SettingDocument(ProgramDocument):
    """A setting that differs from the last run's; secrets are left out."""

    path: str
    old: Any
    new: Any
    policy: str = Field(description="What the change takes: see docs/configuration.md.")
    consequence: str


class StepDocument(ProgramDocument):
    """What the engine does with a resource."""

    urn: str
    op: str = Field(description="The engine's word: create, update, replace, delete.")
    changed: tuple[str, ...] = Field(description="The properties that change, as paths.")


class NoteDocument(ProgramDocument):
    """What an operator should know, but which stops nothing."""

    path: str
    what: str
    remedy: str


class PlanDocument(ProgramDocument):
    """What `up` would do to a stack. Version 1."""

    version: Literal[1]
    stack: str
    summary: str
    exit_status: int = Field(description="Of `preview`: see docs/environments.md.")
    disruptive: bool
    changes: dict[str, int] = Field(description="Number of resources by what is done with them.")
    nodes: tuple[NodeDocument, ...] = Field(description="The most disturbed first.")
    settings: tuple[SettingDocument, ...]
    losses: tuple[str, ...] = Field(description="What is taken away beside nodes.")
    drift: tuple[str, ...] = Field(description="What somebody deleted or changed.")
    notes: tuple[NoteDocument, ...]
    steps: tuple[StepDocument, ...]

    def to_json(self) -> str:
        """The document as JSON."""
        return self.model_dump_json(indent=2) + "\n"


def document_of(plan: DeploymentPlan, stack: str) -> PlanDocument:
    """The document of a plan."""
    return PlanDocument(
        version=VERSION,
        stack=stack,
        summary=summary(plan.rows),
        exit_status=int(plan.exit_status),
        disruptive=plan.disruptive,
        changes=dict(plan.counts),
        nodes=tuple(map(_node, plan.rows)),
        settings=tuple(
            SettingDocument(
                path=each.path, old=each.old, new=each.new, policy=each.policy.value, consequence=each.consequence
            )
            for each in plan.settings
        ),
        losses=plan.losses,
        drift=tuple(plan.drift.lines()),
        notes=tuple(NoteDocument(path=each.path, what=each.what, remedy=each.remedy) for each in plan.notes),
        steps=tuple(StepDocument(urn=each.urn, op=each.op, changed=each.changed) for each in plan.steps),
    )


def _node(row: NodeImage) -> NodeDocument:
    return NodeDocument(
        group=row.group,
        node=row.node,
        current=_image(row.current),
        target=_image(row.target),
        action=cast("ActionWord", row.action.name.lower()),
        disruptive=row.action.disruptive,
        disruption=row.disruption,
        why=row.why,
    )


def _image(image: ImageReference | None) -> ImageDocument | None:
    return None if image is None else ImageDocument(id=image.id, name=image.name, build=image.build)


def schema_text() -> str:
    """The JSON Schema of the document."""
    return schema_of(PlanDocument)


def load_plan(path: Path) -> PlanDocument:
    """A plan that was saved.

    Raises:
        UsageError: the file cannot be read, or is no plan of this version.
    """
    remedy = "save one with preview --save"
    try:
        return PlanDocument.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the plan cannot be read: {error.strerror}", where=str(path), remedy=remedy) from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the file"
        what = f"this is no plan of version {VERSION}: {where}: {error.errors()[0]['msg']}"
        raise UsageError(what, where=str(path), remedy=remedy) from error


def refuse_stale(approved: PlanDocument, now: PlanDocument) -> None:
    """End here where a plan differs from the one that was approved. One with nothing left to do is done.

    Raises:
        StalePlanError: it does; says what differs.
    """
    found = list(differences(approved, now))
    if found and _facts(now):
        more = [f"and {len(found) - _MOST_DIFFERENCES} more"] if len(found) > _MOST_DIFFERENCES else []
        raise StalePlanError(
            "the plan is no longer the one that was approved; nothing was changed",
            where=now.stack,
            evidence="\n".join([*found[:_MOST_DIFFERENCES], *more]),
            remedy="look at preview again, have that plan approved, and run up with it",
        )


def differences(approved: PlanDocument, now: PlanDocument) -> Iterator[str]:
    """What is done now and was not approved, and the reverse. Notes and reasons are left out."""
    if approved.stack != now.stack:
        yield f"the approved plan is for stack {approved.stack}"
    old, new = _facts(approved), _facts(now)
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before != after:
            yield f"{key}: approved: {before or 'nothing'}; now: {after or 'nothing'}"


def _facts(plan: PlanDocument) -> dict[str, str]:
    """What approval is about, as texts: each node, resource, loss and drift."""
    found = {
        f"node {node.node}": f"{node.action} → {_text(node.target)}" for node in plan.nodes if node.action != "none"
    }
    found |= {step.urn: f"{step.op} {', '.join(step.changed)}".strip() for step in plan.steps}
    found |= dict.fromkeys(plan.losses, "lost")
    return found | dict.fromkeys(plan.drift, "drift")


def _text(image: ImageDocument | None) -> str:
    return "nothing" if image is None else image.id or f"build {image.build}"
