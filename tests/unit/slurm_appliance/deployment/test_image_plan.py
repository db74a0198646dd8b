"""The image plan: facts and steps in, one row a node out. Each case is data."""

from typing import Any

import pytest

from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.deployment.image_plan import ImageReference, NodeAction, folded, image_plan, summary
from slurm_appliance.engine.steps import SERVER, Step
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, server
from tests.unit.slurm_appliance.config.examples import smallest

TARGET: dict[ImageSource, str | None] = {ImageSource(name="slurm-2026-11"): IMAGE}


def config(**general: Any) -> ClusterConfig:
    compute = {"general": {"nodes": ["c-0"], "flavor": "m1.small", **general}}
    return from_mapping(smallest(compute=compute), "test", environment="test")


def step(op: str, *changed: str, replacing: tuple[str, ...] = (), name: str = "demo-c-0") -> Step:
    urn = f"urn:pulumi:test::slurm-appliance::x$openstack:compute/instance:Instance::{name}"
    return Step(urn, SERVER, op, "urn:pulumi:test::slurm-appliance::NodeGroup::general", changed, replacing)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None, list[Step], NodeAction, str]] = {
    "new": ({}, None, [step("create")], NodeAction.CREATE, "new"),
    "Nova could not make it": (
        {},
        {"status": "ERROR", "launched": False},
        [step("update")],
        NodeAction.CREATE,
        "Nova could not create it: will be created again",
    ),
    "broken since it ran": ({}, {"status": "ERROR"}, [step("update")], NodeAction.NONE, ""),
    "up to date": ({}, {}, [], NodeAction.NONE, ""),
    "new image": ({}, {"image_id": OTHER_IMAGE}, [step("update", "imageId")], NodeAction.REBUILD_NOW, "new image"),
    "a new image, left to Slurm": (
        {"ignore_image_changes": True},
        {"image_id": OTHER_IMAGE},
        [],
        NodeAction.REIMAGE_BY_SLURM,
        "ignore_image_changes: srun --reboot, or rollout",
    ),
    "already re-imaged by Slurm": ({"ignore_image_changes": True}, {}, [], NodeAction.NONE, ""),
    "boots from a volume": (
        {"volume_backed_instances": True},
        {"image_id": OTHER_IMAGE, "volume_backed": True},
        [step("replace", "blockDevices", replacing=("blockDevices[0].uuid",))],
        NodeAction.REPLACE,
        "blockDevices[0].uuid changed",
    ),
    "boots from a volume, without the engine's word": (
        {"volume_backed_instances": True},
        {"image_id": OTHER_IMAGE, "volume_backed": True},
        [],
        NodeAction.REPLACE,
        "new image, and it boots from a volume",
    ),
    "something that replaces it": (
        {"ignore_image_changes": True},
        {},
        [step("replace", "keyPair", "metadata", replacing=("keyPair",))],
        NodeAction.REPLACE,
        "keyPair changed",
    ),
    "another flavor": ({}, {}, [step("update", "flavorId")], NodeAction.RESIZE, "flavor m1.small"),
    "metadata": ({}, {}, [step("update", "metadata")], NodeAction.NONE, ""),
    "being rebuilt by Slurm just now": (
        {"ignore_image_changes": True},
        {"image_id": OTHER_IMAGE, "status": "REBUILD"},
        [],
        NodeAction.REIMAGE_BY_SLURM,
        "ignore_image_changes: srun --reboot, or rollout",
    ),
    "to be changed while it is being rebuilt": (
        {},
        {"status": "REBUILD"},
        [step("update", "metadata")],
        NodeAction.BLOCKED,
        "is in state REBUILD: wait until it is ACTIVE",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_happens_to_a_node(case: str) -> None:
    general, existing, steps, action, why = CASES[case]
    servers = () if existing is None else (server("demo-c-0", **existing),)
    (row,) = [
        row for row in image_plan(config(**general), cloud(servers=servers), TARGET, steps) if row.group == "general"
    ]
    assert (row.node, row.action, row.why) == ("demo-c-0", action, why)
    assert bool(row.disruption) == action.disruptive


def test_images_have_names() -> None:
    facts = cloud(servers=(server("demo-c-0", image_id=OTHER_IMAGE), server("demo-control", image_id="gone-for-good")))
    rows = {row.node: row for row in image_plan(config(), facts, TARGET)}
    assert str(rows["demo-c-0"].current) == "slurm-other (22222222)"
    assert str(rows["demo-c-0"].target) == "slurm-2026-11 (11111111)"
    assert str(rows["demo-control"].current) == "missing (gone-for)"


@pytest.mark.parametrize(
    ("general", "steps"),
    [
        ({}, [step("update", "imageId")]),
        ({}, [step("update", "flavorId")]),
        ({"volume_backed_instances": True}, [step("replace", replacing=("blockDevices",))]),
    ],
)
def test_compute_nodes_lose_their_jobs_and_others_do_not(general: dict[str, Any], steps: list[Step]) -> None:
    facts = cloud(servers=[server(name, image_id=OTHER_IMAGE) for name in ("demo-c-0", "demo-control")])
    rows = {row.node: row for row in image_plan(config(**general), facts, TARGET, steps)}
    assert "jobs are lost" in rows["demo-c-0"].disruption
    assert rows["demo-control"].disruption == "root disk erased, users see an outage"


def test_an_image_that_has_to_be_built() -> None:
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    built = from_mapping(smallest(cluster_image={"build": "fat"}, image_builds=builds), "test", environment="test")
    control, *_ = image_plan(built, cloud(servers=(server("demo-control"),)), {ImageSource(build="fat"): None})
    assert (control.target, control.action) == (ImageReference(build="fat"), NodeAction.REBUILD_NOW)


def test_nodes_that_are_no_longer_wanted_come_first() -> None:
    facts = cloud(servers=(server("demo-c-9"), server("demo-c-0"), server("demo-control")))
    rows = image_plan(config(), facts, TARGET, [step("delete", name="demo-c-9")])
    assert (rows[0].node, rows[0].action) == ("demo-c-9", NodeAction.DELETE)


def test_a_summary_and_folded_rows() -> None:
    general = {"nodes": ["c-[0-9]"], "ignore_image_changes": True}
    servers = [server(f"demo-c-{n}", image_id=IMAGE if n < 3 else OTHER_IMAGE) for n in range(10)]
    rows = image_plan(
        config(**general), cloud(servers=(*servers, server("demo-control", image_id=OTHER_IMAGE))), TARGET
    )
    assert summary(rows) == "Images: 11 nodes · 3 up to date · 7 at their next reboot by Slurm · 1 REBUILD NOW"
    assert [(row.node, row.action) for row in folded(rows)] == [
        ("demo-control", NodeAction.REBUILD_NOW),
        ("demo-c-[0-2]", NodeAction.NONE),
        ("demo-c-[3-9]", NodeAction.REIMAGE_BY_SLURM),
    ]
