"""What the real engine plans for a change of each setting is what the setting's update policy says.

Settings of node groups are changed all at once, each in a group of its own. Those that replace nothing are changed all
at once, too. What is left are settings of the whole cluster that replace something: one preview each.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from slurm_appliance.config import UpdatePolicy
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.engine.steps import (
    COMMAND,
    KEY_PAIR,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    SERVER,
    SUBNET,
    VOLUME,
    Step,
)
from slurm_appliance.errors import ConfigError
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject
from tests.unit.clouds import EXAMPLE_ID, IMAGE, OTHER_IMAGE
from tests.unit.slurm_appliance.config.leaf import KEY, merged
from tests.unit.slurm_appliance.config.leaves import LEAVES
from tests.unit.slurm_appliance.config.test_leaves import SETTINGS as SCHEMA
from tests.unit.slurm_appliance.config.test_leaves import keys_of, with_value

KINDS = ("login", "compute", "additional_nodegroups")
#: An existing port for a node of each kind.
PORTS = {kind: f"00000000-0000-4000-8000-00000000000{number}" for number, kind in enumerate(KINDS)}
#: From what nobody notices to what takes most.
ORDER = [UpdatePolicy.LIVE, UpdatePolicy.RERUN_PLAYBOOK, UpdatePolicy.REBUILD, UpdatePolicy.REPLACE]

#: What nodes and people use while it is there; rules, credentials and the like may come and go.
KEPT = {SERVER, VOLUME, PORT, NETWORK, SUBNET, ROUTER, ROUTER_INTERFACE, KEY_PAIR}

#: What the fake project has nothing of: images that are built, bare metal, an operator's files.
NOT_HERE = {
    *(
        path
        for path in LEAVES
        if path.startswith("image_builds") or path.endswith(("image.build", ".match_ironic_node", "public_key_file"))
    )
}


def furnish(project: FakeProject) -> None:
    """What the values of the tests ask for beside the rig's own."""
    for name in ("m1.small", "m1.large"):
        project.compute.flavors.add(name=name)
    project.add_network("fabric", "10.2.0.0/16")
    project.add_network("more", "10.4.0.0/16")
    storage = project.add_network("storage", "10.1.0.0/16")
    project.network.subnets.things.popitem()
    storage["subnets"].clear()
    for name, cidr in (("storage-v4", "10.1.0.0/16"), ("storage-v6", "10.3.0.0/16")):
        project.network.subnets.add(name=name, network_id=storage["id"], cidr=cidr)
    (cluster,) = [each for each in project.network.networks.things.values() if each["name"] == "cluster"]
    for name in ("default", "ssh"):
        project.network.security_groups.add(name=name)
    project.network.security_groups.add(name="own", id=EXAMPLE_ID)
    for number, id_ in enumerate((EXAMPLE_ID, *PORTS.values())):
        fixed = {"subnet_id": cluster["subnets"][0], "ip_address": f"10.0.201.{number + 1}"}
        project.network.ports.add(id=id_, name="theirs", network_id=cluster["id"], fixed_ips=[fixed])
    project.compute.server_groups.add(
        name="spread", id=EXAMPLE_ID, policies=["affinity"], project_id="x", user_id="user"
    )
    project.compute.zones.append("rack-1")
    project.volume.types.add(name="ssd")
    project.share.types.add(name="other")
    project.share.types.add(name="servers", extra_specs={"driver_handles_share_servers": "True"})
    for name in ("nodes", "nets"):
        project.share.networks.add(name=name)
    for id_, name in ((IMAGE, "slurm-2026-11"), (OTHER_IMAGE, "slurm-other")):
        project.add_image(name, id=id_)
    external = next(each for each in project.network.networks.things.values() if each["name"] == "external")
    for number in range(10, 60):
        project.network.floating_ips.add(
            floating_ip_address=f"203.0.113.{number}", floating_network_id=external["id"], status="DOWN"
        )


@pytest.fixture(autouse=True)
def furnished(project: FakeProject) -> None:
    furnish(project)


def effect(steps: Iterable[Step]) -> UpdatePolicy | None:
    """The strongest of what is planned; None where nothing is."""
    found = [_effect_of(step) for step in steps]
    return max(found, key=ORDER.index) if found else None


def _effect_of(step: Step) -> UpdatePolicy:
    if step.type == COMMAND:
        return UpdatePolicy.RERUN_PLAYBOOK
    if step.op in ("replace", "delete") and step.type in KEPT:
        return UpdatePolicy.REPLACE
    if step.type == SERVER and {"imageId", "flavorId", "imageName", "flavorName"} & set(step.changed):
        return UpdatePolicy.REBUILD
    return UpdatePolicy.LIVE


def said(steps: Iterable[Step]) -> str:
    return "\n".join(f"{step.op} {step.type} {step.name}: {step.changed} ({step.replacing})" for step in steps)


def group_leaves() -> dict[str, str]:
    """Each setting of a node group, with the token that the names of its own group's nodes have."""
    paths = [path for path in LEAVES if path.startswith(tuple(f"{kind}.<" for kind in KINDS)) and path not in NOT_HERE]
    return {path: f"{path[0]}{number}x" for number, path in enumerate(paths)}


def group_settings(path: str, token: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A group before and after the change of one setting."""
    kind, _, name = path.split(".", 2)
    (given,) = list((LEAVES[path].given.get(kind) or {"": {}}).values())
    group: dict[str, Any] = {"flavor": "small", **given, "nodes": [f"{token}-0"]}
    address = [f"203.0.113.{10 + number}"]
    if "fip_addresses" in group:
        group["fip_addresses"] = address
    special = {
        "nodes": [f"{token}-1"],
        "ip_addresses": {"cluster": [f"10.0.200.{number + 1}"]},
        "port_ids": {"cluster": [PORTS[kind]]},
        "fip_addresses": address,
        "extra_networks[].network": "more",
    }
    return group, with_value(group, keys_of(f"compute.<group>.{name}")[2:], special.get(name, LEAVES[path].value))


def test_settings_of_node_groups(rig: Rig) -> None:
    tokens = group_leaves()
    after: dict[str, Any] = {}
    for kind in KINDS:
        rig.settings[kind], after[kind] = {}, {}
        of_kind = [path for path in tokens if path.startswith(f"{kind}.")]
        for number, path in enumerate(of_kind):
            offset = (
                20 * KINDS.index(kind) if path.endswith(("fip_addresses", "fip_network")) else 70 * KINDS.index(kind)
            )
            others = {name: value for name, value in LEAVES[path].given.items() if name not in KINDS}
            rig.settings = merged(rig.settings, others)
            before, changed = group_settings(path, tokens[path], number % 20 + offset)
            rig.settings[kind][tokens[path]], after[kind][tokens[path]] = before, changed
    rig.up()
    rig.settings |= after
    plan = rig.preview()
    wrong = []
    for path, token in tokens.items():
        mine = [step for step in plan.steps if f"-{token}-" in f"-{step.name}" and step.type != COMMAND]
        policy, planned = SCHEMA[path].policy, effect(mine)
        # site.yml is of all groups.
        expected = {UpdatePolicy.LIVE, None} if policy in ORDER[:2] else {policy}
        if planned not in expected:
            wrong.append(f"{path}: {policy}, planned {planned}\n{said(mine)}")
    assert not wrong, "\n".join(wrong)


def cluster_leaves(*policies: UpdatePolicy) -> list[str]:
    """Settings of the whole cluster with one of these policies."""
    return [
        path
        for path in LEAVES
        if not path.startswith(tuple(f"{kind}.<" for kind in KINDS))
        and path not in NOT_HERE
        and SCHEMA[path].policy in policies
    ]


def test_what_replaces_nothing(rig: Rig) -> None:
    """All such settings at once: nothing is replaced, and no image changes."""
    paths = cluster_leaves(UpdatePolicy.LIVE, UpdatePolicy.RERUN_PLAYBOOK)
    for path in paths:
        if path not in UNLIKE_OTHERS:
            rig.settings = merged(rig.settings, LEAVES[path].given)
    rig.up()
    for path in paths:
        if path not in UNLIKE_OTHERS:
            rig.settings = with_value(rig.settings, keys_of(path), OTHER_VALUES.get(path, LEAVES[path].value))
    plan = rig.preview()
    assert effect(plan.steps) is UpdatePolicy.RERUN_PLAYBOOK, said(plan.steps)


#: Where the network that is created has another range.
OTHER_VALUES = {
    "gateway_ip": "10.9.0.253",
    "vnic_types": {"own": "direct"},
    "vnic_profiles": {"fabric": "{}"},
    "control_ip_addresses": {"own": "10.9.0.10"},
}

#: Settings whose values in the other tests cannot be in one file with the others', or stand for something else here.
UNLIKE_OTHERS = {
    "cluster_networks[].subnet",
    "control_extra_networks[].subnet",
    *(path for path in LEAVES if path.startswith("filesystems.")),
    "identity.access_filter",
    "identity.start_tls",
    "slurm.topology",
    "slurm.partitions.<partition>.default",
    "slurm.partitions.<partition>.groups",
}


#: One of each kind in each run; the others are for the extended tests.
ONE_OF_EACH = {"control_node_flavor", "state_dir"}
#: What is refused for a cluster that is there, and by what.
REFUSED: dict[str, type[Exception]] = {
    "environment_name": ConfigError,
    "state_volume_provisioning": EngineError,
    "home_volume_provisioning": EngineError,
    "filesystems.<filesystem>.create.share_type": ConfigError,
    "filesystems.<filesystem>.create.share_network": ConfigError,
    "filesystems.<filesystem>.create.availability_zone": ConfigError,
}
#: What takes a base of its own.
GIVEN: dict[str, dict[str, Any]] = {
    "cluster_image.id": {"cluster_image": {"id": IMAGE}},
    "cluster_image.name": {"cluster_image": {"name": "image-a"}},
    "key_pair.public_key": {"key_pair": {"public_key": KEY}},
    # A server group that nobody is in holds nothing.
    "server_groups.<server_group>.policy": {"control_server_group": "infra"},
}
#: What takes another value than elsewhere: the other network has two subnets, one of which would have to be named.
VALUES = {"control_extra_networks[].network": "more"}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path in ONE_OF_EACH else pytest.mark.extended)
        for path in cluster_leaves(UpdatePolicy.REBUILD, UpdatePolicy.REPLACE)
    ],
)
def test_what_replaces_or_rebuilds(path: str, rig: Rig) -> None:
    rig.settings["compute"]["general"]["ignore_image_changes"] = False
    rig.settings = merged(merged(rig.settings, LEAVES[path].given), GIVEN.get(path, {}))
    rig.settings = {name: value for name, value in rig.settings.items() if value is not None}
    rig.up()
    rig.settings = with_value(rig.settings, keys_of(path), VALUES.get(path, LEAVES[path].value))
    if path in REFUSED:
        with pytest.raises(REFUSED[path]):
            rig.preview()
        return
    plan = rig.preview()
    assert effect(plan.steps) is SCHEMA[path].policy, said(plan.steps)
    assert plan.disruptive
