"""A cluster that an older slurm-appliance created: a newer one replaces none of its servers."""

import base64
import copy
import hashlib
from typing import Any

from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.nodes.user_data import LabelledVolume, user_data
from slurm_appliance.nodes.volume_scripts import BLANK
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject


def control(project: FakeProject) -> dict[str, Any]:
    """The control node's server."""
    (server,) = (each for each in project.compute.servers.things.values() if each["name"] == "demo-control")
    return server


def make_older(rig: Rig, project: FakeProject) -> None:
    """Make cloud and state what they were before there was a second version of user data."""
    session = rig.session()
    volumes = rig.ids("Volume")
    mounted = [
        LabelledVolume(volumes["state"], "state", "/var/lib/state"),
        LabelledVolume(volumes["home"], "home", "/exports/home"),
    ]
    text = user_data("demo-control.demo.internal", volumes=mounted, version=1)
    with session.held("a test"):
        state = copy.deepcopy(dict(session.deployment()))
        (resource,) = (each for each in state["resources"] if each["urn"].endswith("Instance::demo-control"))
        assert resource["outputs"]["userData"] == hashlib.sha1(resource["inputs"]["userData"].encode()).hexdigest()  # noqa: S324
        resource["inputs"]["userData"] = text
        resource["outputs"]["userData"] = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's choice
        for properties in (resource["inputs"], resource["outputs"]):
            del properties["metadata"]["user_data_version"]
        session.set_deployment(state)
    server = control(project)
    server["user_data"] = base64.b64encode(text.encode()).decode()
    del server["metadata"]["user_data_version"]


def test_a_control_node_with_older_user_data_is_left_as_it_is(rig: Rig, project: FakeProject) -> None:
    rig.up()
    make_older(rig, project)
    before, server = rig.ids(), copy.deepcopy(control(project))

    plan = rig.preview()
    assert plan.exit_status == 0
    assert not plan.disruptive
    assert set(rig.up().changes) == {"same"}
    assert rig.ids() == before
    assert control(project) == server

    # What would happen to it otherwise.
    control(project)["metadata"]["user_data_version"] = "2"
    plan = rig.preview()
    assert [row.node for row in plan.rows if row.action is NodeAction.REPLACE] == ["demo-control"]


def test_marks_come_to_what_exists_in_place_and_once(rig: Rig, project: FakeProject) -> None:
    rig.settings["cluster_networks"] = [{"network": "own", "create": {"cidr": "10.9.0.0/24"}}]
    rig.up()
    kinds = {
        "Port": project.network.ports,
        "SecGroup": project.network.security_groups,
        "Network": project.network.networks,
        "Subnet": project.network.subnets,
        "Volume": project.volume.volumes,
    }
    session = rig.session()
    with session.held("a test"):
        state = copy.deepcopy(dict(session.deployment()))
        for resource in state["resources"]:
            if resource["type"].rpartition(":")[2] in kinds:
                del resource["inputs"]["description"]
                resource["outputs"]["description"] = ""
        session.set_deployment(state)
    before = {kind: rig.ids(kind) for kind in (*kinds, "Instance")}
    for kind, collection in kinds.items():
        for id_ in before[kind].values():
            collection.things[id_]["description"] = ""

    plan = rig.preview()
    assert not plan.disruptive
    assert set(rig.up().changes) == {"same", "update"}
    assert {kind: rig.ids(kind) for kind in before} == before
    for kind, collection in kinds.items():
        assert before[kind]
        for id_ in before[kind].values():
            assert collection.things[id_]["description"].endswith("environment test, created by slurm-appliance")
    assert set(rig.up().changes) == {"same"}


def test_a_new_control_node_has_the_latest_user_data_and_keeps_it(rig: Rig, project: FakeProject) -> None:
    rig.up()
    assert BLANK.splitlines()[2] in base64.b64decode(control(project)["user_data"]).decode()
    assert control(project)["metadata"]["user_data_version"] == "2"
    assert not [line for line in rig.lines if "customTimeouts" in line], "a timeout that the provider does not have"
    assert set(rig.up().changes) == {"same"}
