"""Servers, ports and volumes in the shapes of the reference appliance are taken over as they run."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from slurm_appliance.api import AdoptionError, Fate, open_cluster
from tests.engine.cloud_fixtures import IMAGE, Cloud, remove_server
from tests.engine.cluster.rig import Rig
from tests.engine.node_fixtures import KEY, Login, address

NODES = ("control", "login-0", "c-0", "c-1")
FLAVOR = "slurm.small"


@dataclass(frozen=True)
class Reference:
    """A cluster that another tool made.

    Attributes:
        network: its network's name.
        group: its security group's.
        servers: its servers by name.
    """

    network: str
    group: str
    servers: dict[str, Any]


@pytest.fixture
def reference(user: Connection, open_group: str, login: Login) -> Iterator[Reference]:  # noqa: ARG001 - the key
    """Names, ports, volumes and metadata as the reference appliance's OpenTofu makes them."""
    name = f"ref-{uuid.uuid4().hex[:6]}"
    network: Any = user.network.create_network(name=name)
    subnet: Any = user.network.create_subnet(network_id=network.id, name=name, ip_version=4, cidr="10.79.0.0/24")
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    flavor: Any = user.compute.find_flavor(FLAVOR, ignore_missing=False)
    volumes: list[Any] = [
        user.block_storage.create_volume(name=f"{name}-{label}", size=1) for label in ("state", "home")
    ]
    ports, servers = [], {}
    try:
        for node in NODES:
            port: Any = user.network.create_port(
                name=f"{name}-{node}-{name}",
                network_id=network.id,
                fixed_ips=[{"subnet_id": subnet.id}],
                security_groups=[open_group],
            )
            ports.append(port)
            metadata = {"environment_root": "/home/ops/prod", "access_ip": port.fixed_ips[0]["ip_address"]}
            servers[f"{name}-{node}"] = user.compute.create_server(
                name=f"{name}-{node}",
                image_id=image.id,
                flavor_id=flavor.id,
                key_name=KEY,
                networks=[{"port": port.id}],
                metadata=metadata,
                user_data="I2Nsb3VkLWNvbmZpZwo=",
            )
        for each in servers.values():
            user.compute.wait_for_server(each, wait=120, interval=0.2)
        for volume in volumes:
            user.compute.create_volume_attachment(servers[f"{name}-control"], volume_id=volume.id)
        group: Any = user.network.get_security_group(open_group)
        yield Reference(
            name, group.name, {each: user.compute.get_server(server.id) for each, server in servers.items()}
        )
    finally:
        for server in servers.values():
            remove_server(user, server.id)
        for port in ports:
            user.network.delete_port(port)
        for volume in volumes:
            user.block_storage.delete_volume(volume)
        user.network.delete_network(network)


@pytest.fixture
def rig(cloud: Cloud, reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The same cluster as a stack file of ours; what it has taken over is gone again afterwards."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_CREDENTIALS_PATH", str(tmp_path / "nobody"))
    made = Rig(tmp_path, excluded=())
    made.settings = {
        "cluster_name": reference.network,
        "cluster_image": IMAGE,
        "cluster_networks": [{"network": reference.network}],
        "key_pair": KEY,
        "control_node_flavor": FLAVOR,
        "state_volume_size": 1,
        "home_volume_size": 1,
        "login_security_groups": [reference.group],
        "nonlogin_security_groups": [reference.group],
        "login": {"entry": {"nodes": ["login-0"], "flavor": FLAVOR}},
        "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": FLAVOR, "ignore_image_changes": True}},
    }
    made.more = {"openstack:cloud": cloud.environment["OS_CLOUD"]}
    try:
        yield made
    finally:
        made.destroy(delete_volumes=True)


def test_a_running_cluster_of_the_reference_appliance_is_taken_over(
    rig: Rig, reference: Reference, user: Connection, login: Login
) -> None:
    at = {name: address(server) for name, server in reference.servers.items()}
    for each in at.values():
        login.wait(each, "systemd-run --unit=job sleep 3600")

    def running() -> dict[str, tuple[str, ...]]:
        """Each node's boot, its job, and what was ever done with its server."""
        return {
            name: (
                login.wait(each, "readlink /proc/1/ns/pid; systemctl show --property=MainPID job"),
                *sorted(str(action.action) for action in user.compute.server_actions(reference.servers[name].id)),
            )
            for name, each in at.items()
        }

    before = running()
    rig.session()
    cluster = open_cluster(rig.name, stacks=rig.stacks, say=rig.lines.append)
    done = cluster.adopt()

    assert done is not None
    assert not done.adoption.runs_site, "its images were not built here"
    assert done.remaining.steps == ()
    assert rig.ids() == {name: server.id for name, server in reference.servers.items()}
    assert {row.kind for row in done.adoption.rows if row.fate is Fate.CREATE} <= {"ApplicationCredential"}
    assert running() == before
    metadata = [user.compute.get_server(server.id).metadata for server in reference.servers.values()]
    assert {each["environment"] for each in metadata} == {rig.name}
    # A second time there is nothing to do, and what would need other servers is refused.
    assert not cluster.plan_adoption().needed
    rig.settings["control_node_flavor"] = "slurm.medium"
    rig.session()
    with pytest.raises(AdoptionError, match="control"):
        open_cluster(rig.name, stacks=rig.stacks).plan_adoption()
