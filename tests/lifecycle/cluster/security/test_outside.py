"""What is open to strangers with the default rules: ssh to login nodes, and nothing else."""

import json
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from tests.engine import port_scan
from tests.engine.node_fixtures import KEY, Login, Made, address
from tests.lifecycle.cluster.live import Live
from tests.lifecycle.cluster.security.test_access import NODES, documented

#: Where the scanner lies on a server of the neighbour.
SCANNER = "/srv/tests/engine/port_scan.py"


@pytest.fixture(scope="module")
def closed(live: Live) -> Iterator[Live]:
    """The cluster without the setting by which the other tests log in to every node.

    site.yml, which ``up`` runs then, goes through the login node.
    """
    former = live.rig.settings.pop("nonlogin_ssh_allowed_cidrs")
    try:
        live.rig.up()
        yield live
    finally:
        live.rig.settings["nonlogin_ssh_allowed_cidrs"] = former
        live.rig.up()


@pytest.fixture
def neighbours(admin: Connection, login: Login) -> Iterator[tuple[str, str]]:
    """The addresses of two servers that belong to another user, in another project of the same cloud."""
    name, password = f"neighbour-{uuid.uuid4().hex[:6]}", uuid.uuid4().hex
    identity: Any = admin.identity
    project: Any = identity.create_project(name=name, domain_id="default")
    account: Any = identity.create_user(name=name, password=password, default_project_id=project.id)
    role: Any = identity.find_role("member", ignore_missing=False)
    identity.assign_project_role_to_user(project.id, account.id, role.id)
    try:
        with admin.connect_as(username=name, password=password, project_id=project.id) as theirs:
            yield from _servers(theirs, login)
    finally:
        identity.delete_user(account)
        identity.delete_project(project)


def _servers(theirs: Connection, login: Login) -> Iterator[tuple[str, str]]:
    network: Any = theirs.network.create_network(name="neighbour")
    theirs.network.create_subnet(network_id=network.id, name="neighbour", ip_version=4, cidr="10.67.0.0/24")
    group: Any = theirs.network.create_security_group(name="neighbour")
    ssh = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    theirs.network.create_security_group_rule(security_group_id=group.id, **ssh)
    theirs.compute.create_keypair(name=KEY, public_key=login.key.with_suffix(".pub").read_text())
    maker = Made(theirs, network, group.id)
    try:
        first, second = (maker.start(name) for name in ("neighbour-0", "neighbour-1"))
        servers = address(maker.ready(first)), address(maker.ready(second))
        for each in servers:
            login.settled(each)
        yield servers
    finally:
        maker.remove()
        theirs.compute.delete_keypair(KEY)
        theirs.network.delete_security_group(group)
        theirs.network.delete_network(network)


def opened(target: str, ports: list[int]) -> set[int]:
    """Ports of an address that accept a connection from this machine, which is outside the cluster."""

    def accepts(port: int) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((target, port)) == 0

    with ThreadPoolExecutor(256) as pool:
        return {port for port, yes in zip(ports, pool.map(accepts, ports), strict=True) if yes}


def test_from_outside_ssh_to_login_nodes_is_all_that_is_open(closed: Live) -> None:
    ports = sorted({*range(1, 1025), *(port for each in documented().values() for port in each)})
    assert {node: opened(closed.address(node), ports) for node in NODES} == {
        node: ({22} if node == "login-0" else set()) for node in NODES
    }


@pytest.mark.extended
def test_a_server_of_another_project_reaches_nothing(closed: Live, neighbours: tuple[str, str], login: Login) -> None:
    """The networks of two projects have no router in common here, so not even ssh of login nodes can be reached."""
    theirs, other = neighbours
    source = Path(port_scan.__file__).read_text()
    login.wait(theirs, f"mkdir -p {Path(SCANNER).parent} && cat >{SCANNER} <<'END'\n{source}END\n")
    assert _scanned(login, theirs, other)["tcp"] == [22], "the scan finds what is open"
    nothing: dict[str, list[int]] = {"tcp": [], "udp": [], "icmp": []}
    assert {node: _scanned(login, theirs, closed.address(node)) for node in NODES} == dict.fromkeys(NODES, nothing)


def _scanned(login: Login, server: str, target: str) -> dict[str, list[int]]:
    done = login.run(server, f"python3 {SCANNER} {target}", 120)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found
