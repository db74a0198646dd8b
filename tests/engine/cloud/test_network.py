"""Who reaches whom: addresses as Neutron says, neighbours, the host, the API, and nobody else."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException

from localcloud.endpoints import ADDRESS, KEYSTONE, MIRROR_PORT
from localcloud.network import names
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.engine.node_fixtures import Login, Made, address, status_of

GATEWAY = "10.77.0.1"


def port_of(user: Connection, server: Any) -> Any:
    return next(iter(user.network.ports(device_id=server.id)))


@contextmanager
def second_network(user: Connection, cidr: str, **options: Any) -> Iterator[Any]:
    """Another network of the same project."""
    network: Any = user.network.create_network(name=f"second-{cidr}")
    try:
        user.network.create_subnet(network_id=network.id, name=network.name, ip_version=4, cidr=cidr, **options)
        yield network
    finally:
        # Nova gives a port back some time after it said that it was detached.
        wait_until(
            "ports to be free", lambda: not any(p.device_owner for p in user.network.ports(network_id=network.id))
        )
        for port in user.network.ports(network_id=network.id):
            user.network.delete_port(port.id)
        user.network.delete_network(network)


def test_a_server_has_the_address_and_mac_of_its_port(user: Connection, one: Any, login: Login) -> None:
    port = port_of(user, one)
    shown = login.wait(address(one), "cat /sys/class/net/eth0/address; ip -o -4 address show dev eth0")
    assert shown.splitlines()[0] == port.mac_address
    assert f"inet {port.fixed_ips[0]['ip_address']}/24" in shown


def test_neighbours_and_the_host_reach_each_other(one: Any, two: Any, login: Login) -> None:
    login.wait(address(one), f"ping -qc2 -W2 {address(two)}")
    login.wait(address(one), f"ping -qc1 -W2 {GATEWAY}")
    with socket.create_connection((address(two), 22), timeout=5) as connection:
        assert connection.recv(4) == b"SSH-"


def test_servers_reach_the_api_and_the_package_mirror(one: Any, login: Login) -> None:
    assert login.wait(address(one), f"curl -s -o /dev/null -w '%{{http_code}}' {KEYSTONE.url}") == "200"
    login.wait(address(one), f"curl -s -o /dev/null http://{ADDRESS}:{MIRROR_PORT}/")


def test_servers_reach_nothing_else(one: Any, login: Login) -> None:
    """Not other ports of the cloud's address, not the host's other addresses, not what the host itself reaches."""
    shown = subprocess.run(["ip", "-4", "-o", "address"], capture_output=True, text=True, check=True).stdout
    others = [
        line.split()[3].split("/")[0]
        for line in shown.splitlines()
        if " lo " not in line and names.BRIDGE_PREFIX not in line
    ]
    route = subprocess.run(["ip", "-4", "route", "show", "default"], capture_output=True, text=True, check=True).stdout
    beyond = route.split()[2] if route else "192.0.2.1"
    with subprocess.Popen(
        ["python3", "-m", "http.server", "8399"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:

            def answers() -> bool:
                return (
                    subprocess.run(
                        ["curl", "-sf", f"http://{GATEWAY}:8399/"], capture_output=True, check=False
                    ).returncode
                    == 0
                )

            wait_until("a web server on the host", answers, 20)
            for target in (f"{GATEWAY}:8399", f"{ADDRESS}:8399", *(f"{other}:8399" for other in others)):
                asked = login.run(address(one), f"curl -s --max-time 3 http://{target}/")
                assert asked.returncode in (7, 28), target
        finally:
            server.terminate()
    assert login.run(address(one), f"ping -qc1 -W2 {beyond}").returncode != 0


SPOOFS = {
    "address": (
        "ip address add 10.77.0.250/32 dev eth0",
        "ping -qc1 -W2 -I 10.77.0.250 10.77.0.1",
        "ip address delete 10.77.0.250/32 dev eth0",
    ),
    "mac": (
        "ip link set eth0 address 02:00:00:00:00:99",
        "ping -qc1 -W2 10.77.0.1",
        "ip link set eth0 address $(cat /run/mac); ip route replace default via 10.77.0.1",
    ),
}


@pytest.mark.parametrize("kind", SPOOFS)
def test_a_server_cannot_use_what_is_not_its_own(one: Any, login: Login, kind: str) -> None:
    take, use, give_back = SPOOFS[kind]
    # The login itself may be cut off while another MAC is used: the server writes down what happened.
    login.wait(
        address(one),
        f"cat /sys/class/net/eth0/address >/run/mac; cat >/run/try <<'E'\n{take}\n"
        f"{use} >/run/said 2>&1; echo $? >/run/result\n{give_back}\nE\nrm -f /run/result; "
        "setsid -f sh /run/try </dev/null >/dev/null 2>&1",
    )
    shown = wait_until("the server's attempt", lambda: login.run(address(one), "cat /run/result /run/said").stdout, 30)
    assert shown.startswith("1\n"), shown
    assert "1 packets transmitted, 0 received" in shown
    login.wait(address(one), "ping -qc1 -W2 10.77.0.1")


def test_a_server_cannot_answer_for_another_s_address(one: Any, two: Any, login: Login) -> None:
    """ARP: the neighbour must not learn that the other's address is here."""
    mine = login.wait(address(two), "cat /sys/class/net/eth0/address")
    theirs = login.wait(address(one), "cat /sys/class/net/eth0/address")
    announce = GRATUITOUS_ARP.format(mac=mine, ip=address(one))
    take, give_back = (f"ip address {what} {address(one)}/32 dev eth0" for what in ("add", "delete"))
    login.wait(address(two), f"{take}; python3 - <<'E'\n{announce}\nE\n{give_back}")
    known = subprocess.run(["ip", "neighbour", "show", address(one)], capture_output=True, text=True, check=True).stdout
    assert theirs in known
    assert mine not in known


GRATUITOUS_ARP = """
import socket
mac, ip = bytes.fromhex("{mac}".replace(":", "")), socket.inet_aton("{ip}")
frame = b"\\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 06 04 0002") + mac + ip + b"\\xff" * 6 + ip
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind(("eth0", 0))
    for _ in range(5):
        raw.send(frame)
"""


def test_an_allowed_address_pair_is_allowed(user: Connection, one: Any, login: Login) -> None:
    port = port_of(user, one)
    tried = "ip address replace 10.77.0.250/32 dev eth0; ping -qc1 -W2 -I 10.77.0.250 10.77.0.1"
    try:
        assert login.run(address(one), tried).returncode == 1
        user.network.update_port(port, allowed_address_pairs=[{"ip_address": "10.77.0.248/29"}])
        assert login.run(address(one), tried).returncode == 0
        user.network.update_port(port, allowed_address_pairs=[])
        assert login.run(address(one), tried).returncode == 1
    finally:
        login.wait(address(one), "ip address delete 10.77.0.250/32 dev eth0")


def test_a_port_without_port_security_is_not_filtered(
    user: Connection, one: Any, open_group: str, login: Login
) -> None:
    port = port_of(user, one)
    tried = "ip address replace 10.77.0.250/32 dev eth0; ping -qc1 -W2 -I 10.77.0.250 10.77.0.1"
    try:
        user.network.update_port(port, security_groups=[], port_security_enabled=False)
        assert login.run(address(one), tried).returncode == 0
    finally:
        user.network.update_port(port, security_groups=[open_group], port_security_enabled=True)
        login.wait(address(one), "ip address delete 10.77.0.250/32 dev eth0")
    login.wait(address(one))


def test_a_second_interface_comes_and_goes(user: Connection, one: Any, login: Login, open_group: str) -> None:
    with second_network(user, "10.78.0.0/24", gateway_ip=None) as network:
        port: Any = user.network.create_port(network_id=network.id, security_groups=[open_group])
        user.compute.create_server_interface(one, port_id=port.id)
        wanted = port.fixed_ips[0]["ip_address"]
        shown = wait_until("the second interface", lambda: address_of(login, one, "eth1"), 30)
        assert shown == f"{wanted}/24"
        login.wait(address(one), "ip route show default | grep -c eth0")
        interface = next(each for each in user.compute.server_interfaces(one) if each.port_id == port.id)
        user.compute.delete_server_interface(interface, one)
        wait_until("the interface to go", lambda: not address_of(login, one, "eth1"), 30)


def address_of(login: Login, server: Any, device: str) -> str:
    shown = login.run(address(server), f"ip -o -4 address show dev {device}").stdout.split()
    return shown[3] if len(shown) > 3 else ""


def test_a_server_on_two_networks_boots_with_both(user: Connection, made: Made, network: Any, login: Login) -> None:
    with second_network(user, "10.79.0.0/24") as second:
        server = made.make("both", networks=[{"uuid": network.id}, {"uuid": second.id}])
        first = server.addresses[network.name][0]["addr"]
        other = server.addresses[second.name][0]["addr"]
        assert login.wait(first, "hostname -I") == f"{first} {other}"
        assert login.wait(first, "ip route show default").startswith(f"default via {GATEWAY} dev eth0")
        login.wait(first, "ping -qc1 -W2 10.79.0.1")
        made.remove()


def test_networks_do_not_reach_each_other_and_a_deleted_server_leaves_nothing(
    user: Connection, cloud: Cloud, made: Made, one: Any, login: Login
) -> None:
    with second_network(user, "10.80.0.0/24") as second:
        server = made.make("apart", networks=[{"uuid": second.id}])
        login.wait(address(server))
        assert login.run(address(one), f"ping -qc1 -W2 {address(server)}").returncode == 1
        assert login.run(address(server), f"ping -qc1 -W2 {address(one)}").returncode == 1
        port = port_of(user, server)
        state = cloud.layout.service_state("host")
        bridge = names.bridge(second.id)
        assert traces(state, server.id, port.id, bridge)
        made.remove()
        assert traces(state, server.id, port.id, bridge) == []


def test_ranges_that_overlap_are_refused_when_they_are_used(user: Connection, made: Made, one: Any) -> None:  # noqa: ARG001
    with second_network(user, "10.77.0.0/25") as second:
        server = made.start("overlapping", networks=[{"uuid": second.id}])
        wait_until("the server's failure", lambda: status_of(user, server) == "ERROR", 60)
        failed: Any = user.compute.get_server(server.id)
        assert "overlaps 10.77.0.0/24" in failed.fault["message"]
        made.remove()


def traces(state: Any, server_id: str, port_id: str, bridge: str) -> list[str]:
    """What the host has of a server."""
    commands = (
        ["ip", "-o", "link"],
        ["ip", "netns"],
        ["mount"],
        ["nft", "list", "ruleset"],
        ["ps", "-eww", "-o", "args"],
    )
    words = (server_id[:11], names.port(port_id), bridge, port_id.replace("-", "_"))
    found = []
    for command in commands:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found += [f"{command}: {line}" for line in text.splitlines() if any(word in line for word in words)]
    return found + [
        str(path) for path in state.rglob("*") if any(word in path.name for word in (server_id, port_id, bridge))
    ]


def test_a_subnet_that_the_machine_has_elsewhere_is_refused(user: Connection, network: Any) -> None:
    name = "taken"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        subprocess.run(["ip", "address", "add", "10.78.0.1/24", "dev", name], check=True)
        with pytest.raises(BadRequestException, match=r"route to 10\.78\.0\.0/24 on taken"):
            user.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.78.0.0/16")
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)
