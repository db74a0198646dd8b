"""Existing ports: what does not go together with them."""

import pytest

from slurm_appliance.config import from_mapping
from tests.unit.clouds import OTHER_ID
from tests.unit.slurm_appliance.config.checks.mistakes import ID, Mistake, check, group
from tests.unit.slurm_appliance.config.examples import smallest

MISTAKES: list[Mistake] = [
    (
        {"login": {"a": group("l-[0-1]", port_ids={"cluster": [ID]})}},
        "login.a.port_ids.cluster",
        "1 ports for 2 nodes",
        "one port for each node",
    ),
    (
        {"login": {"a": group("l-0", port_ids={"other": [ID]})}},
        "login.a.port_ids.other",
        "no ports on a network other",
        "cluster",
    ),
    ({"control_port_ids": {"other": ID}}, "control_port_ids.other", "no ports on a network other", "cluster"),
    ({"control_port_ids": {"cluster": "port-1"}}, "control_port_ids.cluster", "is not an id in OpenStack", "allowed"),
    (
        {"control_port_ids": {"cluster": ID}, "login": {"a": group("l-0", port_ids={"cluster": [ID]})}},
        "login.a.port_ids.cluster[0]",
        "also to control_port_ids.cluster",
        "every node its own port",
    ),
    (
        {"control_port_ids": {"cluster": ID}, "control_ip_addresses": {"cluster": "10.0.0.5"}},
        "control_ip_addresses.cluster",
        "the ports of control_port_ids.cluster exist",
        "remove one",
    ),
    (
        {"compute": {"a": group("c-0", port_ids={"cluster": [ID]}, vnic_types={"cluster": "direct"})}},
        "compute.a.vnic_types.cluster",
        "the ports of compute.a.port_ids.cluster exist",
        "remove one",
    ),
    (
        {
            "cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24"}}],
            "control_port_ids": {"own": ID},
        },
        "control_port_ids.own",
        "network own is created with the cluster",
        "existing network",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_what_does_not_go_together(mistake: Mistake) -> None:
    check(mistake)


def test_types_of_the_whole_cluster_are_for_the_other_ports() -> None:
    from_mapping(
        smallest(
            vnic_types={"cluster": "direct"},
            control_port_ids={"cluster": ID},
            login={"a": group("l-0", port_ids={"cluster": [OTHER_ID]})},
        ),
        "test",
    )
