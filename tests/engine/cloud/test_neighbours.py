"""Another machine on a network of this one, and what it gets of a running cloud: nothing."""

from typing import Any

from localcloud.endpoints import ADDRESS, ENDPOINTS, METADATA_ADDRESS, MIRROR_PORT
from tests.engine.cloud.test_control_plane import run_cloud
from tests.engine.cloud_fixtures import Cloud
from tests.engine.neighbour import MACHINE, neighbour_of, output
from tests.engine.node_fixtures import Login, address

SILENCE: dict[str, list[int]] = {"tcp": [], "udp": [], "icmp": []}
GATEWAY = "10.77.0.1"


def test_no_port_of_the_cloud_or_its_servers_answers_a_neighbour(cloud: Cloud, one: Any, login: Login) -> None:
    server = address(one)
    with neighbour_of() as neighbour:
        # The scan sees answers where there are some: the machine itself is not the cloud's business.
        assert neighbour.scan(MACHINE) != SILENCE
        for target in (ADDRESS, METADATA_ADDRESS, GATEWAY, server):
            neighbour.route(target)
            assert neighbour.scan(target) == SILENCE, target
        for target in (ADDRESS, METADATA_ADDRESS, GATEWAY):
            assert not neighbour.resolves(target), target
    # The server and the machine go on using them.
    for port in (*(endpoint.port for endpoint in ENDPOINTS), MIRROR_PORT):
        login.wait(server, f"curl --silent --output /dev/null http://{ADDRESS}:{port}/")
    login.wait(server, f"curl --silent --fail http://{METADATA_ADDRESS}/openstack")
    assert run_cloud(cloud, "status").returncode == 0


def test_a_cloud_whose_tables_were_removed_says_so_and_up_closes_it_again(cloud: Cloud) -> None:
    for family in ("inet", "arp"):
        output("nft", "delete", "table", family, "localcloud_perimeter")
    done = run_cloud(cloud, "status")
    assert done.returncode == 1
    assert "other machines can reach the cloud's addresses" in done.stdout
    assert run_cloud(cloud, "up").returncode == 0
    assert run_cloud(cloud, "status").returncode == 0
    with neighbour_of() as neighbour:
        neighbour.route(ADDRESS)
        assert neighbour.scan(ADDRESS) == SILENCE
