"""Preflight checks of existing ports."""

from typing import Any

import pytest

from slurm_appliance.cloud.facts import FloatingIp, Port, Quota, SubnetFacts
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import groups
from tests.unit.clouds import EXAMPLE_ID, OTHER_ID, cloud, port, server
from tests.unit.components.clusters import configured
from tests.unit.slurm_appliance.preflight.examined import entry, findings, said

FREE = Port(EXAMPLE_ID, "given", "network-cluster", addresses=("10.0.0.90",))
CONTROL = {"control_port_ids": {"cluster": EXAMPLE_ID}}


def used_by(device_id: str) -> Port:
    return Port(EXAMPLE_ID, "given", "network-cluster", device_id, ("10.0.0.90",))


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no such port": (
        {"ports": ()},
        CONTROL,
        f"control_port_ids.cluster: there is no port with the ID {EXAMPLE_ID} on the cluster's networks → openstack",
    ),
    "on another network": (
        {"ports": (Port(OTHER_ID, "given", "network-fabric", addresses=("10.2.0.9",)),)},
        {
            "cluster_networks": [{"network": "cluster"}, {"network": "fabric"}],
            **entry(port_ids={"cluster": [OTHER_ID]}),
        },
        f"login.entry.port_ids.cluster[0]: port {OTHER_ID} is on network fabric, not on cluster",
    ),
    "without an address on the subnet": (
        {"ports": (Port(EXAMPLE_ID, "given", "network-cluster", addresses=("10.7.0.9",)),)},
        CONTROL,
        f"control_port_ids.cluster: port {EXAMPLE_ID} has no address in 10.0.0.0/24",
    ),
    "of another server": (
        {"ports": (used_by("id-of-web"),), "servers": (server("web", environment=""),)},
        CONTROL,
        f"control_port_ids.cluster: port {EXAMPLE_ID} is in use by web, so demo-control cannot have it → choose a port",
    ),
    "of another of our nodes": (
        {"ports": (used_by("id-of-demo-login-0"),), "servers": (server("demo-control"), server("demo-login-0"))},
        CONTROL,
        f"control_port_ids.cluster: port {EXAMPLE_ID} is in use by demo-login-0",
    ),
    "of something that is no server": (
        {"ports": (used_by("router-1"),)},
        CONTROL,
        f"control_port_ids.cluster: port {EXAMPLE_ID} is in use by router-1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_about_existing_ports(case: str) -> None:
    facts, changes, expected = CASES[case]
    problems = said(facts, **changes)
    assert [problem for problem in problems if problem.startswith(expected)], problems


@pytest.mark.parametrize("facts", [{"ports": (FREE,)}, {"ports": (used_by("id-of-demo-control"),)}])
def test_ports_that_are_free_or_the_nodes_own(facts: dict[str, Any]) -> None:
    found = findings({"servers": (server("demo-control"),), **facts}, **CONTROL)
    assert not found.problems
    assert found.resolved.port_addresses == {EXAMPLE_ID: "10.0.0.90"}


def test_existing_ports_need_no_quota_and_no_address() -> None:
    small = SubnetFacts("subnet-cluster", "cluster", "network-cluster", "10.0.0.88/29", "10.0.0.94")
    facts: dict[str, Any] = {"ports": (FREE,), "subnets": (small,), "quotas": {"ports": Quota(3, 0)}}
    # Of 6 addresses, the gateway and the port have 2; login and compute nodes need 3.
    assert not said(facts, **CONTROL)
    assert [problem for problem in said(facts) if problem.startswith("quota of ports: 4 needed")]


def test_created_ports_are_all_others() -> None:
    config = configured(**CONTROL)
    names = {cloud_names.port(*created) for group in groups(config) for created in group.created_ports}
    assert names == {"demo-login-0-cluster", "demo-c-0-cluster", "demo-c-1-cluster"}


def test_a_floating_ip_may_be_on_the_nodes_existing_port() -> None:
    settings = entry(port_ids={"cluster": [EXAMPLE_ID]}, fip_addresses=["203.0.113.10"])
    facts = {"ports": cloud().ports, "floating_ips": (FloatingIp("f", "203.0.113.10", EXAMPLE_ID),)}
    assert not said(facts, **settings)
    elsewhere = {
        "ports": (*cloud().ports, port("other", "10.0.0.7")),
        "floating_ips": (FloatingIp("f", "203.0.113.10", "id-of-other"),),
    }
    assert [problem for problem in said(elsewhere, **settings) if "is in use by port id-of-other" in problem]
