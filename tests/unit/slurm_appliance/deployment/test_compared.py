"""What the comparison of the cloud's resources depends on, and what it does not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from slurm_appliance.cloud.facts import ServerFacts
from slurm_appliance.config import UpdatePolicy
from slurm_appliance.config.changes import SettingChange
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.deployment.compared import SITE_SETTINGS, ProgramInputs, digest_of, site_steps
from slurm_appliance.engine.stand_in import SIGNATURE
from slurm_appliance.engine.steps import COMMAND, PORT, SERVER
from slurm_appliance.preflight import Resolved
from tests.unit.slurm_appliance.config.leaves import LEAVES
from tests.unit.slurm_appliance.config.test_leaves import changed, load, resources

CLUSTER = "urn:pulumi:test::slurm-appliance::slurm-appliance:index:Cluster"
NODE: dict[str, Any] = {
    "urn": f"{CLUSTER}$slurm-appliance:index:NodeGroup${SERVER}::demo-c-0",
    "type": SERVER,
    "id": "1",
    "inputs": {"imageId": "a"},
    "modified": "2026-11-01T00:00:00Z",
}
SECRET: dict[str, Any] = {
    "urn": f"{CLUSTER}$slurm-appliance:index:Secrets${COMMAND}::key",
    "type": COMMAND,
    "id": "of-the-first-run",
    "outputs": {"stdout": {SIGNATURE: "1b47", "ciphertext": "v1:a"}},
}
SITE: dict[str, Any] = {
    "urn": f"{CLUSTER}$slurm-appliance:index:Site${COMMAND}::site",
    "type": COMMAND,
    "inputs": {"stdin": "a"},
}
INVENTORY: dict[str, Any] = {
    "urn": f"{CLUSTER}$slurm-appliance:index:Environment${COMMAND}::inventory",
    "type": COMMAND,
}
COMPONENT: dict[str, Any] = {
    "urn": f"{CLUSTER}::cluster",
    "type": "slurm-appliance:index:Cluster",
    "outputs": {"settings": "a"},
}
STACK = {
    "urn": "urn:pulumi:test::slurm-appliance::pulumi:pulumi:Stack::slurm-appliance-test",
    "type": "pulumi:pulumi:Stack",
    "outputs": {"site": "done"},
}
STATE: list[dict[str, Any]] = [COMPONENT, NODE, SECRET, INVENTORY, SITE]
SETTINGS = {"slurm-appliance:cluster_name": "demo", "openstack:cloud": "here", "slurm-appliance:users": {}}
C_0 = ServerFacts(id="1", name="c-0", status="ACTIVE", image_id="a")
RESOLVED = Resolved(flavors={"small": "f"}, images={ImageSource(name="i"): "a"}, servers={"c-0": C_0})


PROGRAM = ProgramInputs("c", SETTINGS)


def digest(
    settings: Mapping[str, Any] = SETTINGS,
    resolved: Resolved = RESOLVED,
    state: list[dict[str, Any]] = STATE,
    excluded: tuple[str, ...] = (),
    program: ProgramInputs = PROGRAM,
) -> str:
    return digest_of(replace(program, settings=settings), resolved, state, excluded)


def encrypted_anew(resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "outputs": {"stdout": {SIGNATURE: "1b47", "ciphertext": "v1:b"}}}


@pytest.mark.parametrize(
    "other",
    [
        digest(program=replace(PROGRAM, code="d")),
        digest(program=replace(PROGRAM, own_entries=("licences",))),
        digest(settings=SETTINGS | {"slurm-appliance:cluster_name": "other"}),
        digest(settings=SETTINGS | {"openstack:cloud": "there"}),
        digest(settings=SETTINGS | {"slurm-appliance:secret": {"secure": "v1:abc"}}),
        digest(settings=SETTINGS | {"other:users": {}}),
        digest(resolved=replace(RESOLVED, flavors={"small": "g"})),
        digest(resolved=replace(RESOLVED, images={ImageSource(name="i"): "b"})),
        digest(resolved=replace(RESOLVED, images={ImageSource(name="j"): "a"})),
        digest(resolved=replace(RESOLVED, servers={"c-0": replace(C_0, image_id="b")})),
        digest(resolved=replace(RESOLVED, servers={"c-0": replace(C_0, user_data_version="2")})),
        digest(resolved=replace(RESOLVED, servers={})),
        digest(state=[*STATE, {**NODE, "type": PORT}]),
        digest(state=[COMPONENT, NODE | {"inputs": {"imageId": "b"}}, SECRET, INVENTORY, SITE]),
        digest(state=[COMPONENT, NODE | {"pendingReplacement": True}, SECRET, INVENTORY, SITE]),
        digest(state=[COMPONENT, NODE, SECRET | {"outputs": {"stdout": "y"}}, INVENTORY, SITE]),
        digest(state=[COMPONENT, NODE, SECRET | {"id": "of-another-run"}, INVENTORY, SITE]),
        digest(excluded=("**::c-1",)),
        digest(program=replace(PROGRAM, public_key="ssh-ed25519 AAAA")),
        digest(state=[COMPONENT, NODE | {"initErrors": ["timeout"]}, SECRET, INVENTORY, SITE]),
        digest(state=[COMPONENT, NODE | {"resourceHooks": {"beforeDelete": ["x"]}}, SECRET, INVENTORY, SITE]),
    ],
)
def test_what_it_depends_on(other: str) -> None:
    assert other != digest()


@pytest.mark.parametrize(
    "other",
    [
        digest(settings=dict(reversed(SETTINGS.items()))),
        digest(settings=SETTINGS | {"slurm-appliance:users": {"alice": {}}, "slurm-appliance:motd": "x"}),
        digest(resolved=replace(RESOLVED, servers={"c-0": replace(C_0, status="SHUTOFF")})),
        digest(state=[COMPONENT, NODE | {"modified": "2026-12-01T00:00:00Z"}, SECRET, INVENTORY, SITE]),
        digest(state=[COMPONENT | {"outputs": {"settings": "b"}}, NODE, SECRET, SITE | {"inputs": {"stdin": "b"}}]),
        digest(state=[*STATE, STACK]),
        digest(state=STATE[::-1]),
        digest(state=[COMPONENT, NODE, encrypted_anew(SECRET), INVENTORY, SITE]),
    ],
)
def test_what_it_does_not_depend_on(other: str) -> None:
    assert other == digest()


def test_the_settings_of_the_site_are_settings() -> None:
    assert set(ClusterConfig.model_fields) >= SITE_SETTINGS


#: Settings whose values are not loaded here: leaves.py says where the code reads them.
NOT_LOADED = {path for path, leaf in LEAVES.items() if leaf.place.startswith("code:")}


@pytest.mark.parametrize(
    "path",
    [path for path in LEAVES if path.partition(".")[0].partition("[")[0] in SITE_SETTINGS and path not in NOT_LOADED],
)
def test_they_reach_no_resource_of_the_cloud(path: str) -> None:
    before, after = (
        {key: each for key, each in resources(load(settings)).items() if key[0] != COMMAND}
        for settings in changed(path, LEAVES[path])
    )
    assert before == after
    assert any(type_ == SERVER for type_, _ in before)


def change(path: str, policy: UpdatePolicy = UpdatePolicy.RERUN_PLAYBOOK) -> SettingChange:
    return SettingChange(path, None, "x", policy, "")


def test_a_plan_of_settings_that_only_the_site_has() -> None:
    deployment = {"resources": STATE}
    steps = site_steps([change("users.alice"), change("slurm.partitions[0].name")], deployment, ())
    assert [(step.name, step.type, step.op) for step in steps] == [
        ("inventory", COMMAND, "update"),
        ("site", COMMAND, "update"),
    ]
    without = site_steps([change("motd")], deployment, ("**slurm-appliance:index:Site$**",))
    assert [step.name for step in without] == ["inventory"]


@pytest.mark.parametrize("paths", [[], ["compute.general.nodes"], ["users.alice", "cluster_image"], ["usersX"]])
def test_no_such_plan(paths: list[str]) -> None:
    assert site_steps([change(path) for path in paths], {"resources": STATE}, ()) == ()


def test_a_setting_that_no_node_has_is_for_the_engine() -> None:
    assert site_steps([change("rollout.batch", UpdatePolicy.LIVE)], {"resources": STATE}, ()) == ()
