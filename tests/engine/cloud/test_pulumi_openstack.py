"""Our toolchain's OpenStack plugin against the cloud: what a cluster is made of, made, changed and destroyed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_openstack as openstack
from openstack.connection import Connection

from slurm_appliance.engine import automation
from tests.engine.cloud_fixtures import IMAGE, Cloud
from tests.engine.node_fixtures import KEY, Login
from tests.engine.pulumi_fixtures import backend_variables
from toolchain.ensure import Toolchain


def program(image: str, group: str, metadata: str) -> None:
    """Two networks, four ports, four servers, two volumes."""
    subnets = []
    for number in (0, 1):
        network = openstack.networking.Network(f"net-{number}")
        subnet = openstack.networking.Subnet(f"subnet-{number}", network_id=network.id, cidr=f"10.9{number}.0.0/24")
        subnets.append((network, subnet))
    for number in range(4):
        network, subnet = subnets[number % 2]
        port = openstack.networking.Port(
            f"port-{number}",
            network_id=network.id,
            fixed_ips=[
                openstack.networking.PortFixedIpArgs(subnet_id=subnet.id, ip_address=f"10.9{number % 2}.0.1{number}")
            ],
            security_group_ids=[group],
        )
        server = openstack.compute.Instance(
            f"node-{number}",
            name=f"node-{number}",
            image_id=image,
            flavor_name="slurm.small",
            key_pair=KEY,
            metadata={"role": metadata},
            networks=[openstack.compute.InstanceNetworkArgs(port=port.id)],
        )
        if number < 2:
            volume = openstack.blockstorage.Volume(f"volume-{number}", size=1)
            openstack.compute.VolumeAttach(f"attach-{number}", instance_id=server.id, volume_id=volume.id)
        pulumi.export(f"node-{number}", server.id)


def test_a_cluster_s_resources_are_made_changed_rebuilt_and_destroyed(
    user: Connection,
    cloud: Cloud,
    image_of_one: Any,
    open_group: str,
    login: Login,
    toolchain: Toolchain,
    stack_folders: Callable[[], Path],
) -> None:
    folder = stack_folders()
    base: Any = user.image.find_image(IMAGE, ignore_missing=False)
    wanted = {"image": base.id, "metadata": "compute"}
    stack = automation.open_stack(
        "test",
        toolchain,
        variables=backend_variables(folder) | cloud.environment,
        folder=folder,
        program=lambda: program(wanted["image"], open_group, wanted["metadata"]),
        project="nodes",
    )
    addresses = ["10.90.0.10", "10.91.0.11", "10.90.0.12", "10.91.0.13"]
    try:
        assert automation.run(stack, "up").changes == {"create": 17}
        assert [login.wait(address, "hostname") for address in addresses] == [f"node-{n}" for n in range(4)]
        assert login.wait(addresses[0], "ls /dev/disk/by-id | wc -l") == "1"
        assert automation.run(stack, "up").unchanged
        servers = {name: output.value for name, output in stack.outputs().items()}

        wanted["metadata"] = "login"
        assert automation.run(stack, "up").changes == {"update": 4, "same": 13}
        assert user.compute.get_server(servers["node-3"]).metadata == {"role": "login"}

        wanted["image"] = image_of_one.id
        assert automation.run(stack, "up").changes == {"update": 4, "same": 13}
        for address in addresses:
            assert login.wait(address, "cat /etc/marker") == "mine"
        assert login.wait(addresses[0], "ls /dev/disk/by-id | wc -l") == "1"
        assert {name: output.value for name, output in stack.outputs().items()} == servers
        assert automation.run(stack, "refresh").unchanged
        assert automation.run(stack, "up").unchanged
    finally:
        automation.run(stack, "destroy")
    assert not [server.name for server in user.compute.servers() if server.name.startswith("node-")]
