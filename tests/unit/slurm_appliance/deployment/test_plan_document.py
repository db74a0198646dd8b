"""A plan as JSON and as Markdown."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from slurm_appliance.config.changes import SettingChange
from slurm_appliance.config.policy import UpdatePolicy
from slurm_appliance.deployment.drift import Drift, Missing
from slurm_appliance.deployment.image_plan import ImageReference, NodeAction, NodeImage
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.plan_document import (
    PlanDocument,
    StalePlanError,
    differences,
    document_of,
    load_plan,
    refuse_stale,
    schema_text,
)
from slurm_appliance.deployment.plan_markdown import markdown
from slurm_appliance.engine.steps import PORT, SERVER, Step
from slurm_appliance.errors import Problem, UsageError
from toolchain.paths import REPOSITORY

SCHEMA = REPOSITORY / "docs" / "schemas" / "plan-1.json"
OLD, NEW = ImageReference("1111", "slurm-old"), ImageReference("2222", "slurm-new")
TO_BUILD = ImageReference(build="fat")


def node(name: str, action: NodeAction = NodeAction.REBUILD_NOW, **more: Any) -> NodeImage:
    values: dict[str, Any] = {"current": OLD, "target": NEW, "disruption": "outage", "why": "a new image"}
    return NodeImage(group="general", node=name, action=action, **(values | more))


def step(name: str, op: str = "update", *changed: str) -> Step:
    return Step(f"urn:pulumi:demo::slurm-appliance::{SERVER}::{name}", SERVER, op, changed=changed)


def plan(*rows: NodeImage, **more: Any) -> DeploymentPlan:
    values: dict[str, Any] = {
        "steps": (step("c-0", "update", "imageId"),),
        "losses": ("Volume scratch is deleted",),
        "notes": (Problem("c-1", "is in state REBUILD", "wait"),),
        "drift": Drift((Missing("urn", PORT, "id", "port", "id"),)),
        "settings": (SettingChange("cluster_image", "a", "b", UpdatePolicy.REBUILD, "Rebuilt."),),
    }
    return DeploymentPlan(rows=rows or (node("c-0"), node("c-1", target=TO_BUILD)), **(values | more))


def test_the_document_fits_its_schema_which_is_committed() -> None:
    assert SCHEMA.read_text() == schema_text(), f"run: ./slurm-appliance schema --form plan --output {SCHEMA}"
    document = json.loads(document_of(plan(), "demo").to_json())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["nodes"][0]["target"] == {"id": "2222", "name": "slurm-new", "build": ""}
    assert document["nodes"][1]["target"] == {"id": "", "name": "", "build": "fat"}
    assert (document["exit_status"], document["disruptive"]) == (3, True)
    assert document["settings"][0] | {"consequence": ""} == {
        "path": "cluster_image", "old": "a", "new": "b", "policy": "rebuild", "consequence": ""
    }  # fmt: skip


def test_a_saved_plan_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = document_of(plan(), "demo")
    file.write_text(document.to_json())
    assert load_plan(file) == document


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', "\x00"])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_plan(file)
    assert caught.value.where == str(file)
    with pytest.raises(UsageError):
        load_plan(tmp_path / "missing.json")


STALE: dict[str, tuple[DeploymentPlan, str]] = {
    "another node": (plan(node("c-0"), node("c-1", target=TO_BUILD), node("c-2")), "node c-2"),
    "another action": (plan(node("c-0", NodeAction.REPLACE), node("c-1", target=TO_BUILD)), "node c-0"),
    "another image": (plan(node("c-0", target=OLD), node("c-1", target=TO_BUILD)), "node c-0"),
    "another property": (plan(steps=(step("c-0", "update", "imageId", "flavorId"),)), "imageId, flavorId"),
    "another loss": (plan(losses=()), "Volume scratch"),
    "no drift any more": (plan(drift=Drift()), "port port"),
}


@pytest.mark.parametrize("case", STALE)
def test_what_differs_from_the_approved_plan_is_named(case: str) -> None:
    now, named = STALE[case]
    approved = document_of(plan(), "demo")
    (found,) = differences(approved, document_of(now, "demo"))
    assert named in found
    with pytest.raises(StalePlanError) as refused:
        refuse_stale(approved, document_of(now, "demo"))
    assert (refused.value.where, refused.value.evidence) == ("demo", found)


def test_reasons_notes_and_nodes_that_nothing_happens_to_make_no_difference() -> None:
    approved = document_of(plan(), "demo")
    quiet = node("c-9", NodeAction.NONE, why="")
    now = document_of(plan(node("c-0", why="else"), node("c-1", target=TO_BUILD), quiet, notes=()), "demo")
    refuse_stale(approved, now)
    nothing = plan(quiet, steps=(), losses=(), drift=Drift())
    refuse_stale(approved, document_of(nothing, "demo"))
    assert list(differences(approved, PlanDocument.model_validate(approved.model_dump() | {"stack": "other"})))


def test_markdown_is_short_folded_and_the_most_disturbed_come_first() -> None:
    rows = [node("control", NodeAction.REPLACE), *(node(f"c-{n}", NodeAction.REIMAGE_BY_SLURM) for n in range(1000))]
    text = markdown(plan(*rows), "demo")
    lines = [line for line in text.splitlines() if line.startswith("| c")]
    assert lines[0].startswith("| control | general | **REPLACE** |")
    assert lines[1].startswith("| c-\\[0-999\\] | general | next reboot |")
    assert len(text.encode()) < 3000


def test_markdown_stays_below_the_limit_of_a_comment() -> None:
    rows = [node(f"node-{n}", why=f"{n} " + "é|" * 200) for n in range(1000)]
    steps = tuple(step(f"node-{n}") for n in range(1000))
    losses = tuple(f"{n} " + "x" * 1000 for n in range(1000))
    assert len(markdown(plan(*rows, steps=steps, losses=losses), "demo").encode()) <= 60_000


@pytest.mark.parametrize("evil", ["a|b", "<img src=x>", "`x`", "[x](http://x)", "@everyone", "a\nb", "\x1b[2J"])
def test_what_the_cloud_says_is_text_in_markdown(evil: str) -> None:
    text = markdown(plan(node("c-0", current=ImageReference("1", evil))), "demo")
    (row,) = [line for line in text.splitlines() if line.startswith("| c-0")]
    assert row.replace("\\|", "").count("|") == 8
    for special in "<`[@":
        assert special not in row.replace(f"\\{special}", "")


def test_what_the_cloud_says_is_not_printed_as_strong() -> None:
    text = markdown(plan(node("c-0", why="**Approved**")), "demo")
    assert "**REBUILD NOW**" in text
    assert "**Approved**" not in text
