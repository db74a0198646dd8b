"""Interfaces, bridges and leases: names and text."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.network import bridge, dhcp, names
from localcloud.network.nic import Nic, NicSubnet, networkd_text, next_device

NETWORK_ID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
NIC = Nic(
    "11112222-3333",
    NETWORK_ID,
    "fa:16:3e:00:00:01",
    "eth0",
    1450,
    (NicSubnet("10.1.0.0/24", "10.1.0.1", ("10.1.0.5", "10.1.0.6"), ("9.9.9.9",)),),
)


def test_names_fit_into_the_kernel_s_15_characters() -> None:
    assert NIC.bridge == "lcb0a1b2c3d-4e"
    assert NIC.host_end == "lcp11112222-33"
    assert len(NIC.bridge) < 16
    assert names.bridge_mac(NETWORK_ID) == "06:0a:1b:2c:3d:4e"


def test_what_nova_says_of_a_port() -> None:
    vif: dict[str, Any] = {
        "id": "p",
        "address": "m",
        "network": {
            "id": "n",
            "meta": {"mtu": 1400},
            "subnets": [
                {"cidr": "10.1.0.0/24", "gateway": {"address": None}, "ips": [{"address": "10.1.0.5"}]},
                {"cidr": "10.2.0.0/24", "gateway": None, "ips": []},
            ],
        },
    }
    nic = Nic.from_vif(vif, "eth3")
    assert (nic.device, nic.mtu, nic.subnets) == ("eth3", 1400, (NicSubnet("10.1.0.0/24", "", ("10.1.0.5",)),))
    assert Nic.from_dict(nic.as_dict()) == nic


@pytest.mark.parametrize(("used", "device"), [(set(), "eth0"), ({"eth0", "eth2"}, "eth1"), ({"eth1"}, "eth0")])
def test_the_first_free_interface_is_taken(used: set[str], device: str) -> None:
    assert next_device(used) == device


def test_systemd_networkd_gets_what_neutron_says() -> None:
    assert networkd_text(NIC, default_route=True).splitlines() == [
        "[Match]",
        "MACAddress=fa:16:3e:00:00:01",
        "[Link]",
        "MTUBytes=1450",
        "[Network]",
        "LinkLocalAddressing=no",
        "IPv6AcceptRA=no",
        "Address=10.1.0.5/24",
        "Address=10.1.0.6/24",
        "Gateway=10.1.0.1",
        "DNS=9.9.9.9",
    ]
    assert "Gateway" not in networkd_text(NIC, default_route=False)
    version6 = replace(NIC, subnets=(NicSubnet("fd00::/64", "fd00::1", ("fd00::5",)),))
    assert "LinkLocalAddressing=ipv6" in networkd_text(version6, default_route=True)


def test_a_lease_is_the_first_address_of_version_4() -> None:
    assert dhcp.lease(NIC) == "fa:16:3e:00:00:01,10.1.0.5,infinite\n"
    assert dhcp.lease(replace(NIC, subnets=(NicSubnet("fd00::/64", "", ("fd00::5",)),))) == ""


def test_dnsmasq_serves_every_subnet_that_has_a_gateway() -> None:
    subnets = [*NIC.subnets, NicSubnet("10.0.0.0/24", "10.0.0.1", ()), NicSubnet("10.3.0.0/24", "", ())]
    text = dhcp.configuration(NIC, subnets, Path("/d"))
    assert "dhcp-range=set:subnet0,10.0.0.0,static,255.255.255.0,infinite" in text
    assert "dhcp-range=set:subnet1,10.1.0.0,static,255.255.255.0,infinite" in text
    assert "dhcp-option=tag:subnet1,option:router,10.1.0.1" in text
    assert "dhcp-option=tag:subnet1,option:dns-server,9.9.9.9" in text
    assert "10.3.0.0" not in text
    assert "interface=lcb0a1b2c3d-4e" in text
    assert dhcp.configuration(NIC, [NicSubnet("10.3.0.0/24", "", ())], Path("/d")) == ""


def test_a_process_with_dnsmasq_s_old_number_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("1")
    assert dhcp.running(tmp_path) is None
    assert dhcp.running(tmp_path / "nothing") is None


def test_bridges_have_the_gateways() -> None:
    assert bridge.gateways(NIC) == ["10.1.0.1/24"]
    assert bridge.gateways(replace(NIC, subnets=(NicSubnet("10.1.0.0/24", "", ("10.1.0.5",)),))) == []


@pytest.mark.parametrize(
    ("wanted", "present", "clash"),
    [
        (["10.1.0.1/24"], ["10.1.0.129/25"], ("10.1.0.1/24", "10.1.0.129/25")),
        (["10.1.0.1/24"], ["10.2.0.1/24", "fd00::1/64"], None),
        (["fd00::1/64"], ["fd00::1/48"], ("fd00::1/64", "fd00::1/48")),
        ([], ["10.1.0.1/24"], None),
    ],
)
def test_overlapping_ranges_are_found(wanted: list[str], present: list[str], clash: tuple[str, str] | None) -> None:
    assert bridge.overlap(wanted, present) == clash
