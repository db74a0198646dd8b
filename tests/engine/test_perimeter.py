"""Nobody but the machine and its servers reaches the cloud's addresses: real packets in network namespaces."""

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from localcloud.endpoints import ADDRESS, METADATA_ADDRESS
from tests.engine.neighbour import MACHINE, Neighbour, ip, neighbour_of, output

#: The gateways of a network with servers.
GATEWAY, SERVER, GATEWAY6 = "10.77.0.1", "10.77.0.5", "fd77::1"
ALL = (ADDRESS, METADATA_ADDRESS, GATEWAY, GATEWAY6)
SILENCE: dict[str, list[int]] = {"tcp": [], "udp": [], "icmp": []}


@pytest.fixture
def machine() -> Iterator[str]:
    """A machine with the cloud's addresses, a bridge with a server, and services on all addresses."""
    name = f"m-{uuid.uuid4().hex[:8]}"
    server = f"{name}-s"
    ip("netns", "add", name)
    ip("netns", "add", server)
    listener = None
    try:
        ip("link", "set", "lo", "up", inside=name)
        for address in (ADDRESS, METADATA_ADDRESS):
            ip("address", "add", f"{address}/32", "dev", "lo", inside=name)
        ip("link", "add", "lcb0", "type", "bridge", "forward_delay", "0", inside=name)
        ip(
            "link",
            "add",
            "lcp0",
            "master",
            "lcb0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            server,
            inside=name,
        )
        for device, addresses, where in (
            ("lcb0", (f"{GATEWAY}/24", f"{GATEWAY6}/64"), name),
            ("eth0", (f"{SERVER}/24", "fd77::5/64"), server),
        ):
            for address in addresses:
                ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []), inside=where)
            ip("link", "set", device, "up", inside=where)
        ip("link", "set", "lcp0", "up", inside=name)
        ip("route", "add", "default", "via", GATEWAY, inside=server)
        command = ["ip", "netns", "exec", name, sys.executable, "-m", "http.server", "15010", "--bind", "::"]
        listener = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connects(name, ADDRESS, timeout=20)
        yield name
    finally:
        if listener is not None:
            listener.terminate()
            listener.wait()
        ip("netns", "delete", server)
        ip("netns", "delete", name)


@pytest.fixture
def neighbour(machine: str) -> Iterator[Neighbour]:
    """Another machine that sends packets for the cloud's addresses here."""
    with neighbour_of(machine) as neighbour:
        for address in ALL:
            neighbour.route(address)
        yield neighbour


def connects(namespace: str, address: str, *, timeout: float = 5) -> None:
    """Connect to the service, tried again until it listens."""
    program = (
        "import socket, sys, time\n"
        f"end = time.monotonic() + {timeout}\n"
        "while True:\n"
        "    try:\n"
        f"        sys.exit(socket.create_connection(({address!r}, 15010), 5).close())\n"
        "    except ConnectionRefusedError:\n"
        "        if time.monotonic() > end: raise\n"
    )
    output("ip", "netns", "exec", namespace, sys.executable, "-c", program)


def perimeter(machine: str, call: str) -> None:
    """Call the module inside the machine."""
    program = f"from localcloud.network import perimeter; perimeter.{call}"
    output("ip", "netns", "exec", machine, sys.executable, "-c", program)


def test_neighbours_get_no_answer_at_any_port_and_the_machine_and_its_servers_do(
    machine: str, neighbour: Neighbour
) -> None:
    # What the scan is worth: without a perimeter everything answers, open or closed.
    open_to_all = neighbour.scan(ADDRESS)
    assert len(open_to_all["tcp"]) == 65535
    assert open_to_all["icmp"]
    perimeter(machine, f"close([{GATEWAY!r}, {GATEWAY6!r}])")
    for address in ALL:
        assert neighbour.scan(address) == SILENCE, address
        connects(machine, address)
        connects(f"{machine}-s", address)
    # The machine's own addresses are no business of ours.
    assert 15010 in neighbour.scan(MACHINE)["tcp"]


def test_neighbours_are_not_told_that_an_address_of_the_cloud_is_here(machine: str, neighbour: Neighbour) -> None:
    # On many networks 169.254.169.254 is somebody else's: who asks for it must not be sent here.
    assert neighbour.resolves(METADATA_ADDRESS)
    perimeter(machine, f"close([{GATEWAY!r}])")
    ip("neigh", "flush", "all", inside=neighbour.namespace)
    for address in (ADDRESS, METADATA_ADDRESS, GATEWAY):
        assert not neighbour.resolves(address), address
    assert neighbour.resolves(MACHINE)


def test_a_gateway_that_goes_is_open_again_and_the_rest_stays_closed(machine: str, neighbour: Neighbour) -> None:
    perimeter(machine, f"close([{GATEWAY!r}, {GATEWAY6!r}])")
    perimeter(machine, "close([])")
    assert neighbour.scan(GATEWAY6) == SILENCE
    perimeter(machine, f"forget([{GATEWAY!r}, {GATEWAY6!r}])")
    assert neighbour.scan(GATEWAY6)["tcp"]
    assert neighbour.scan(ADDRESS) == SILENCE


def test_removing_it_leaves_no_table_and_other_tables_alone(machine: str) -> None:
    tables = ["ip", "netns", "exec", machine, "nft", "list", "tables"]
    output("ip", "netns", "exec", machine, "nft", "add", "table", "inet", "theirs")
    before = output(*tables)
    perimeter(machine, "remove()")
    perimeter(machine, "close([])")
    perimeter(machine, "close([])")
    assert output(*tables) != before
    perimeter(machine, "remove()")
    assert output(*tables) == before


def test_tables_that_somebody_flushed_are_noticed_and_made_whole(machine: str, neighbour: Neighbour) -> None:
    def is_closed() -> str:
        program = "from localcloud.network import perimeter; print(perimeter.is_closed())"
        return output("ip", "netns", "exec", machine, sys.executable, "-c", program).strip()

    assert is_closed() == "False"
    perimeter(machine, "close([])")
    assert is_closed() == "True"
    output("ip", "netns", "exec", machine, "nft", "flush", "ruleset")
    assert is_closed() == "False"
    perimeter(machine, f"close([{GATEWAY!r}])")  # As the next server's network does.
    assert is_closed() == "True"
    assert neighbour.scan(ADDRESS) == SILENCE
