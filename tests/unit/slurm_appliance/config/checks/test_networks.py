"""Networks, and addresses in them."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from tests.unit.slurm_appliance.config.checks.mistakes import CREATED, ID, Mistake, check, group
from tests.unit.slurm_appliance.config.examples import smallest


def _six(**more: object) -> dict[str, Any]:
    create = {"cidr": "fd00::/64", "external_network": "external", "ipv6_mode": "slaac", **more}
    return {"network": "six", "create": create}


TWO_NETWORKS = [{"network": "cluster"}, {"network": "storage"}]

MISTAKES: list[Mistake] = [
    ({"cluster_networks": []}, "cluster_networks", "is empty", "at least one network"),
    (
        {"cluster_networks": [{"network": "a"}, {"network": "a"}]},
        "cluster_networks[1].network",
        "a is in the list twice",
        "keep one",
    ),
    (
        {"cluster_networks": [{"network": "a", "create": {"cidr": "10.0.0.0/24", "gateway_ip": "10.0.1.1"}}]},
        "cluster_networks[0].create.gateway_ip",
        "10.0.1.1 is not in 10.0.0.0/24",
        "of the subnet",
    ),
    (
        {
            "cluster_networks": [
                {"network": "a", "create": {"cidr": "10.0.0.0/16"}},
                {"network": "b", "create": {"cidr": "10.0.4.0/24"}},
            ]
        },
        "cluster_networks[1].create.cidr",
        "10.0.4.0/24 overlaps 10.0.0.0/16 of cluster_networks[0].create",
        "another range",
    ),
    ({"vnic_types": {"clustr": "direct"}}, "vnic_types.clustr", "no ports on a network clustr", "mean 'cluster'?"),
    (
        {"control_ip_addresses": {"storage": "10.0.0.1"}},
        "control_ip_addresses.storage",
        "no ports on a network storage",
        "allowed: cluster",
    ),
    (
        {"compute": {"a": group("c-0", extra_networks=[{"network": "cluster"}])}},
        "compute.a.extra_networks[0].network",
        "a port on cluster already",
        "from cluster_networks",
    ),
    (
        {"compute": {"a": group("c-0", vnic_types={"storage": "direct"})}},
        "compute.a.vnic_types.storage",
        "no ports on a network storage here",
        "allowed: cluster",
    ),
    (
        {"login": {"a": group("l-0", fip_addresses=["192.0.2.1"])}, "cluster_networks": TWO_NETWORKS},
        "login.a.fip_network",
        "required with more than one network",
        "cluster, storage",
    ),
    (
        {"login": {"a": group("l-0", fip_network="storage")}},
        "login.a.fip_network",
        "no ports on a network storage",
        "allowed: cluster",
    ),
    (
        {"compute": {"a": group("c-[0-2]", ip_addresses={"cluster": ["10.0.0.1", "10.0.0.2"]})}},
        "compute.a.ip_addresses.cluster",
        "2 addresses for 3 nodes",
        "for each node",
    ),
    (
        {"login": {"a": group("l-0", fip_addresses=["192.0.2.1", "192.0.2.2"])}},
        "login.a.fip_addresses",
        "2 floating IPs for 1 nodes",
        "at most one",
    ),
    (
        {"login": {"a": group("l-[0-1]", fip_addresses=["192.0.2.1", "192.0.2.1"])}},
        "login.a.fip_addresses[1]",
        "192.0.2.1 is given twice",
        "its own",
    ),
    (
        {
            "control_ip_addresses": {"cluster": "10.0.0.5"},
            "compute": {"a": group("c-0", ip_addresses={"cluster": ["10.0.0.5"]})},
        },
        "compute.a.ip_addresses.cluster[0]",
        "given twice, also to control_ip_addresses.cluster",
        "its own",
    ),
    (
        {"cluster_networks": CREATED, "control_ip_addresses": {"cluster": "10.21.0.5"}},
        "control_ip_addresses.cluster",
        "10.21.0.5 is no address for a node in 10.20.0.0/24",
        "inside",
    ),
    (
        {"cluster_networks": CREATED, "control_ip_addresses": {"cluster": "10.20.0.255"}},
        "control_ip_addresses.cluster",
        "10.20.0.255 is no address for a node",
        "inside",
    ),
    (
        {"cluster_networks": CREATED, "control_ip_addresses": {"cluster": "10.20.0.1"}},
        "control_ip_addresses.cluster",
        "10.20.0.1 is the gateway",
        "another address",
    ),
    (
        {"cluster_networks": [{"network": "a", "create": {"cidr": "fd00::/64"}}]},
        "cluster_networks[0].create.cidr",
        "fd00::/64 is IPv6, but Slurm's daemons",
        "with IPv4 first",
    ),
    (
        {"control_ip_addresses": {"cluster": "fd00::5"}},
        "control_ip_addresses.cluster",
        "fd00::5 is IPv6 on the access network",
        "an IPv4 address",
    ),
    (
        {"compute": {"a": group("c-0", ip_addresses={"cluster": ["fd00::5"]})}},
        "compute.a.ip_addresses.cluster",
        "fd00::5 is IPv6 on the access network",
        "an IPv4 address",
    ),
    (
        {"cluster_networks": CREATED, "gateway_ip": "10.21.0.1"},
        "gateway_ip",
        "10.21.0.1 is in none of the nodes' networks (10.20.0.0/24)",
        "one of them",
    ),
    (
        {"cluster_networks": CREATED, "compute": {"a": group("c-0", gateway_ip="fe80::1")}},
        "compute.a.gateway_ip",
        "fe80::1 is in none",
        "one of them",
    ),
    (
        {"cluster_networks": [{"network": "a", "create": {"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.255"}}]},
        "cluster_networks[0].create.gateway_ip",
        "10.0.0.255 is the broadcast address of 10.0.0.0/24",
        "of the subnet",
    ),
    (
        {"cluster_networks": CREATED, "gateway_ip": "10.20.0.0"},
        "gateway_ip",
        "10.20.0.0 is the network address of 10.20.0.0/24",
        "one of them",
    ),
    *(
        (
            {"cluster_networks": [*CREATED, {"network": "b", "create": {"cidr": cidr}}]},
            "cluster_networks[1].create.cidr",
            f"{cidr} {kind}",
            "10.0.0.0/8",
        )
        for cidr, kind in (
            ("224.0.1.0/24", "is for multicast"),
            ("127.1.0.0/16", "is for a machine's own use"),
            ("169.254.0.0/16", "is link-local"),
            ("0.0.0.0/5", "contains 0.0.0.0/8, which is reserved"),
            ("240.0.0.0/8", "is reserved"),
            ("fe80::/64", "is link-local"),
            ("ff02::/64", "is for multicast"),
            ("::/64", "is reserved"),
        )
    ),
    (
        {
            "cluster_networks": [{"network": "a", "create": {"cidr": "10.20.0.0/29"}}],
            "compute": {"a": group("c-[0-4]")},
        },
        "cluster_networks[0].create.cidr",
        "10.20.0.0/29 has 6 addresses, but 6 nodes, the gateway and DHCP need 8",
        "larger range",
    ),
    (
        {"cluster_networks": [*CREATED, {"network": "b", "create": {"cidr": "fd00::/64", "mtu": 1279}}]},
        "cluster_networks[1].create.mtu",
        "IPv6 needs packets of 1280 bytes, but it is 1279",
        "1280 or more",
    ),
    (
        {"cluster_networks": [{"network": "a", "create": {"cidr": "10.20.0.0/24", "ipv6_mode": "slaac"}}]},
        "cluster_networks[0].create.ipv6_mode",
        "10.20.0.0/24 is IPv4",
        "leave it out",
    ),
    (
        {"cluster_networks": [*CREATED, {"network": "b", "create": {"cidr": "fd00::/64", "ipv6_mode": "slaac"}}]},
        "cluster_networks[1].create.ipv6_mode",
        "the network has no router",
        "cluster_networks[1].create.external_network",
    ),
    (
        {"cluster_networks": [*CREATED, _six(dhcp=False)]},
        "cluster_networks[1].create.dhcp",
        "slaac needs dhcp",
        "dhcp to true",
    ),
    (
        {"cluster_networks": [*CREATED, _six(cidr="fd00::/56", ipv6_mode="dhcpv6-stateless")]},
        "cluster_networks[1].create.cidr",
        "dhcpv6-stateless needs a range of /64, but it is /56",
        "dhcpv6-stateful",
    ),
    (
        {"cluster_networks": [*CREATED, _six()], "control_ip_addresses": {"six": "fd00::5"}},
        "control_ip_addresses.six",
        "nodes make their own addresses on six (slaac)",
        "dhcpv6-stateful",
    ),
    (
        {"cluster_networks": [*CREATED, _six()], "compute": {"a": group("c-0", ip_addresses={"six": ["fd00::6"]})}},
        "compute.a.ip_addresses.six",
        "nodes make their own addresses on six (slaac)",
        "dhcpv6-stateful",
    ),
    (
        {"cluster_networks": CREATED, "login": {"a": group("l-0", fip_addresses=["192.0.2.1"])}},
        "login.a.fip_addresses",
        "network cluster, which is created, has no router to an external network",
        "cluster_networks[0].create.external_network",
    ),
    (
        {
            "cluster_networks": [
                *CREATED,
                {"network": "six", "create": {"cidr": "fd00::/64", "external_network": "external"}},
            ],
            "login": {"a": group("l-0", fip_addresses=["192.0.2.1"], fip_network="six")},
        },
        "login.a.fip_network",
        "floating IPs are IPv4, but six is IPv6",
        "an IPv4 network",
    ),
    (
        {"ssh_allowed_cidrs": ["fd00:0::/64", "fd00::/64"]},
        "ssh_allowed_cidrs[1]",
        "fd00::/64 is in the list twice",
        "keep one",
    ),
    (
        {
            "cluster_networks": [
                {"network": "a", "create": {"cidr": "10.0.0.0/24", "dns_nameservers": ["fd00::53", "FD00:0::53"]}}
            ]
        },
        "cluster_networks[0].create.dns_nameservers[1]",
        "fd00::53 is in the list twice",
        "keep one",
    ),
    (
        {"login": {"a": group("l-0", security_group_ids=[ID, ID])}},
        "login.a.security_group_ids[1]",
        "is in the list twice",
        "keep one",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_networks_that_do_not_go_together(mistake: Mistake) -> None:
    check(mistake)


def test_addresses_can_be_chosen_where_dhcp_gives_them() -> None:
    six = _six(cidr="fd00::/56", ipv6_mode="dhcpv6-stateful")
    given = {"cluster_networks": [*CREATED, six], "control_ip_addresses": {"six": "fd00::5"}}
    assert from_mapping(smallest(**given), "a test").control_ip_addresses == {"six": "fd00::5"}


def test_ipv6_beside_ipv4_with_a_link_local_gateway() -> None:
    six = {"network": "six", "create": {"cidr": "fd00::/64", "gateway_ip": "fe80::1"}}
    config = from_mapping(smallest(cluster_networks=[*CREATED, six], gateway_ip="fe80::1"), "a test")
    assert config.gateway_ip == "fe80::1"
