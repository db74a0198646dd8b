"""Ports that exist already: used by nodes, and there when the nodes are gone."""

import pytest

from slurm_appliance.errors import ConfigError
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject
from tests.fakes.project.collection import Thing
from tests.unit.clouds import EXAMPLE_ID, OTHER_ID


def given(project: FakeProject, id_: str, address: str) -> Thing:
    (network,) = [each for each in project.network.networks.things.values() if each["name"] == "cluster"]
    return project.network.ports.add(
        id=id_,
        name="theirs",
        network_id=network["id"],
        fixed_ips=[{"subnet_id": network["subnets"][0], "ip_address": address}],
    )


def test_existing_ports_outlive_their_nodes(rig: Rig, project: FakeProject) -> None:
    ours, logins = given(project, EXAMPLE_ID, "10.0.3.10"), given(project, OTHER_ID, "10.0.3.11")
    before = [dict(port) for port in (ours, logins)]
    rig.settings["control_port_ids"] = {"cluster": EXAMPLE_ID}
    rig.settings["login"]["entry"]["port_ids"] = {"cluster": [OTHER_ID]}
    rig.up()
    servers = project.compute.servers
    assert ours["device_id"] == servers.named("demo-control")["id"]
    assert logins["device_id"] == servers.named("demo-login-0")["id"]
    assert servers.named("demo-control")["metadata"]["access_ip"] == "10.0.3.10"
    assert set(rig.ids("Port")) == {"demo-c-0.cluster", "demo-c-1.cluster"}
    assert set(rig.up().changes) == {"same"}

    # A port that belongs to a node is no other node's.
    rig.settings["compute"]["general"] |= {"nodes": ["c-0"], "port_ids": {"cluster": [OTHER_ID]}}
    del rig.settings["login"]["entry"]["port_ids"]
    with pytest.raises(ConfigError):
        rig.preview()

    rig.destroy()
    assert [dict(port) for port in project.network.ports.things.values()] == before
