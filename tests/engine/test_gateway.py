"""The program that leaves a node one default route, in a network namespace with two networks."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from toolchain.paths import REPOSITORY

PROGRAM = REPOSITORY / "ansible" / "roles" / "gateway" / "files" / "default-gateway"
NAME = "test-gateway"


def ip(*words: str) -> str:
    done = subprocess.run(["ip", "-n", NAME, *words], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def namespace() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    subprocess.run(["ip", "netns", "del", NAME], check=False, capture_output=True)
    subprocess.run(["ip", "netns", "add", NAME], check=True, capture_output=True)
    try:
        for number in (1, 2):
            ip("link", "add", f"eth{number}", "type", "veth", "peer", "name", f"far{number}")
            for link in (f"eth{number}", f"far{number}"):
                ip("link", "set", link, "up")
            ip("addr", "add", f"10.9.{number}.5/24", "dev", f"eth{number}")
            ip("-6", "addr", "add", f"fd00:{number}::5/64", "dev", f"eth{number}", "nodad")
            ip("route", "add", "default", "via", f"10.9.{number}.1", "metric", f"{100 + number}")
            ip("-6", "route", "add", "default", "via", f"fd00:{number}::1", "metric", f"{100 + number}")
        yield
    finally:
        subprocess.run(["ip", "netns", "del", NAME], check=True)


def run(gateway: str) -> None:
    program = ["ip", "netns", "exec", NAME, str(PROGRAM)]
    subprocess.run(program, check=True, env={**os.environ, "GATEWAY": gateway}, capture_output=True)


@pytest.mark.usefixtures("namespace")
def test_one_default_route_is_left_and_a_second_run_changes_nothing() -> None:
    for _ in range(2):
        run("10.9.2.254")
        assert ip("-4", "route", "show", "default").split("\n") == ["default via 10.9.2.254 dev eth2 metric 1 ", ""]
    assert len(ip("-6", "route", "show", "default").splitlines()) == 2


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("gateway", ["fd00:1::fe", "FD00:1:0::0FE"])
def test_ipv6_has_a_default_route_of_its_own(gateway: str) -> None:
    run(gateway)
    routes = ip("-6", "route", "show", "default").splitlines()
    assert len(routes) == 1
    assert routes[0].startswith("default via fd00:1::fe dev eth1 metric 1 ")
    assert len(ip("-4", "route", "show", "default").splitlines()) == 2


@pytest.mark.usefixtures("namespace")
def test_a_gateway_out_of_reach_is_a_failure_and_takes_no_route_away() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run("192.0.2.1")
    assert len(ip("-4", "route", "show", "default").splitlines()) == 2


@pytest.mark.usefixtures("namespace")
def test_a_link_local_gateway_is_on_the_network_that_has_it_already() -> None:
    ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth2", "metric", "1024")
    for _ in range(2):
        run("fe80::1")
        routes = ip("-6", "route", "show", "default").splitlines()
        assert len(routes) == 1
        assert routes[0].startswith("default via fe80::1 dev eth2 metric 1 ")


#: Default routes as they come about, and what `ip route show` says of them that `ip route del` does not take.
OTHERS = {
    "of a router's advertisement": "-6 via fe80::9 dev eth1 proto ra metric 1024 expires 1800",
    "of one with a preference": "-6 via fe80::9 dev eth1 proto ra metric 9 expires 1800 hoplimit 64 mtu 1400 pref high",
    "by DHCP": "-4 via 10.9.1.9 dev eth1 proto dhcp src 10.9.1.5 metric 1002 mtu 1400",
    "without a gateway": "-4 dev eth1 metric 1003",
    "over a gateway of IPv6": "-4 via inet6 fe80::9 dev eth1 metric 1007",
    "over two gateways": "-4 metric 1004 nexthop via 10.9.1.8 dev eth1 nexthop via 10.9.2.8 dev eth2",
    "over two gateways of IPv6": "-6 metric 1005 nexthop via fd00:1::8 dev eth1 nexthop via fd00:2::8 dev eth2",
    "on a link without a carrier": "-4 via 10.9.2.9 dev eth2 onlink metric 1006",
}


@pytest.mark.usefixtures("namespace")
@pytest.mark.parametrize("kind", OTHERS)
def test_whatever_default_route_there_is_goes(kind: str) -> None:
    family, *words = OTHERS[kind].split()
    ip(family, "route", "add", "default", *words)
    if "carrier" in kind:
        ip("link", "set", "far2", "down")
    run("10.9.1.254" if family == "-4" else "fd00:1::fe")
    [route] = ip(family, "route", "show", "default").splitlines()
    assert " metric 1 " in route
