"""Preflight checks of networks, their subnets and addresses in them."""

from typing import Any

import pytest

from slurm_appliance.cloud.facts import NetworkFacts, SubnetFacts
from slurm_appliance.config import from_mapping
from slurm_appliance.preflight import network_names
from tests.unit.clouds import port
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.preflight.examined import entry, findings, general, said

#: Facts of the cloud, settings, and the beginning of a problem that follows.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "network": (
        {},
        {"cluster_networks": [{"network": "clster"}]},
        "cluster_networks[0].network: there is no network clster in this project → did you mean 'cluster'? ",
    ),
    "network of a group": (
        {},
        general(extra_networks=[{"network": "fabrik"}]),
        "compute.general.extra_networks[0].network: there is no network fabrik in this project → did you mean 'fabric'",
    ),
    "subnet": (
        {},
        {"cluster_networks": [{"network": "cluster", "subnet": "other"}]},
        "cluster_networks[0].subnet: there is no subnet of network cluster called other in this project → ",
    ),
    "which of two subnets": (
        {},
        {"cluster_networks": [{"network": "storage", "no_security_groups": True}]},
        "cluster_networks[0].subnet: network storage has 2 subnets → set the one for the nodes' addresses on the "
        "access network, which are IPv4: storage-v4 (10.1.0.0/24)",
    ),
    "which of two subnets of another network": (
        {},
        {"cluster_networks": [{"network": "cluster"}, {"network": "storage", "no_security_groups": True}]},
        "cluster_networks[1].subnet: network storage has 2 subnets → set the one for the nodes' addresses: "
        "storage-v4 (10.1.0.0/24), storage-v6 (fd00::/64)",
    ),
    "the subnet's broadcast address": (
        {},
        {"control_ip_addresses": {"cluster": "10.0.0.255"}},
        "control_ip_addresses.cluster: 10.0.0.255 is the broadcast address of 10.0.0.0/24 → choose another address",
    ),
    "a gateway that is the network's address": (
        {},
        {"gateway_ip": "10.0.0.0"},
        "gateway_ip: 10.0.0.0 is the network address of 10.0.0.0/24 → choose another address",
    ),
    "a floating IP on IPv6": (
        {},
        {
            "cluster_networks": [
                {"network": "cluster"},
                {"network": "storage", "subnet": "storage-v6", "no_security_groups": True},
            ],
            **entry(fip_addresses=["203.0.113.10"], fip_network="storage"),
        },
        "login.entry.fip_network: floating IPs are IPv4, but subnet storage-v6 of storage is IPv6 (fd00::/64) → choose "
        "a network with an IPv4 subnet, or remove fip_addresses",
    ),
    "an address of IPv6 that is written otherwise": (
        {},
        {
            "cluster_networks": [
                {"network": "cluster"},
                {"network": "storage", "subnet": "storage-v6", "no_security_groups": True},
            ],
            "control_ip_addresses": {"storage": "FD00:0::0001"},
        },
        "control_ip_addresses.storage: FD00:0::0001 is the gateway of subnet storage-v6 → choose another address",
    ),
    "security groups on a network without port security": (
        {},
        {"cluster_networks": [{"network": "storage", "subnet": "storage-v4"}]},
        "cluster_networks[0].no_security_groups: port security is off on network storage, so its ports cannot have "
        "security groups → set it to true",
    ),
    "external network": (
        {},
        {"cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "extrenal"}}]},
        "cluster_networks[0].create.external_network: there is no external network extrenal in this project → did you",
    ),
    "a network that is not external": (
        {},
        {"cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "fabric"}}]},
        "cluster_networks[0].create.external_network: there is no external network fabric in this project → allowed: e",
    ),
    "address outside its subnet": (
        {},
        {"control_ip_addresses": {"cluster": "10.5.0.10"}},
        "control_ip_addresses.cluster: 10.5.0.10 is not in subnet cluster (10.0.0.0/24) → choose an address in 10.0.0.",
    ),
    "the gateway's address": (
        {},
        general(ip_addresses={"cluster": ["10.0.0.1", "10.0.0.21"]}),
        "compute.general.ip_addresses.cluster[0]: 10.0.0.1 is the gateway of subnet cluster → choose another address",
    ),
    "an access network with IPv6": (
        {"subnets": (SubnetFacts("a", "six", "network-cluster", "fd00::/64"),)},
        {},
        "cluster_networks[0].subnet: the subnet is IPv6 (fd00::/64), but nodes use IPv4",
    ),
    "an access network with nothing but IPv6": (
        {
            "subnets": (
                SubnetFacts("a", "six", "network-cluster", "fd00::/64"),
                SubnetFacts("b", "more", "network-cluster", "fd01::/64"),
            )
        },
        {},
        "cluster_networks[0].subnet: network cluster has 2 subnets, all IPv6 (six (fd00::/64), more (fd01::/64)), but "
        "nodes use IPv4 on the access network → create an IPv4 subnet, or put a network with an IPv4 subnet first",
    ),
    "a subnet with too few addresses": (
        {"subnets": (SubnetFacts("a", "small", "network-cluster", "10.0.0.0/29", "10.0.0.1"),)},
        general(nodes=["c-[0-5]"]),
        "cluster_networks[0].subnet: 8 addresses of subnet small (10.0.0.0/29) needed, but only 5 are free → choose a "
        "larger subnet, or fewer nodes",
    ),
    "a subnet that others use": (
        {
            "subnets": (SubnetFacts("a", "small", "network-cluster", "10.0.0.0/29", "10.0.0.1"),),
            "ports": (
                port("other", "10.0.0.3"),
                port("gateway", "10.0.0.1"),
                port("demo-control-cluster", "10.0.0.4"),
            ),
        },
        general(nodes=["c-[0-2]"]),
        "cluster_networks[0].subnet: 4 addresses of subnet small (10.0.0.0/29) needed, but only 3 are free → ",
    ),
    "a gateway that nodes cannot reach": (
        {},
        {"gateway_ip": "192.0.2.1"},
        "gateway_ip: 192.0.2.1 is not in any of the nodes' networks (10.0.0.0/24) → ",
    ),
    "networks that overlap": (
        {
            "subnets": (
                SubnetFacts("a", "cluster", "network-cluster", "10.0.0.0/24"),
                SubnetFacts("b", "fabric", "network-fabric", "10.0.0.0/16"),
            )
        },
        general(extra_networks=[{"network": "fabric"}]),
        "compute.general.extra_networks: networks cluster (10.0.0.0/24) and fabric (10.0.0.0/16) overlap → choose",
    ),
    "two networks of one name": (
        {"networks": (NetworkFacts("a", "cluster"), NetworkFacts("b", "cluster"))},
        {},
        "cluster_networks[0].network: 2 networks have the name cluster: a, b",
    ),
    "a network without a subnet": (
        {"subnets": ()},
        {},
        "cluster_networks[0].network: network cluster has no subnet → create one, or choose another",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_about_networks(case: str) -> None:
    facts, changes, expected = CASES[case]
    problems = said(facts, **changes)
    assert any(problem.startswith(expected) for problem in problems), problems


def test_the_networks_whose_ports_are_looked_at() -> None:
    config = from_mapping(smallest(**general(extra_networks=[{"network": "fabric"}])), "test")
    assert network_names(config) == {"cluster", "fabric"}


def test_subnets_of_one_name_on_several_networks() -> None:
    subnets = (
        SubnetFacts("a", "v4", "network-cluster", "10.0.0.0/24"),
        SubnetFacts("b", "v4", "network-fabric", "10.2.0.0/24"),
    )
    found = findings({"subnets": subnets}, cluster_networks=[{"network": "cluster", "subnet": "v4"}])
    assert found.ready("test").networks["cluster"].subnet_id == "a"
