"""Ports, and what is behind them: networks, security groups, floating IPs."""

from typing import Any

import pytest

from tests.unit.clouds import EXAMPLE_ID, OTHER_ID, cloud
from tests.unit.components.clusters import COMPUTE, LOGIN, MARK, recorded
from tests.unit.components.recorder import Recorded

PORT = "networking/port:Port"
RULE = "networking/secGroupRule:SecGroupRule"


def test_a_port_on_an_existing_network() -> None:
    port = recorded().of(PORT)["demo-c-0.cluster"]
    assert port.inputs == {
        "name": "demo-c-0-cluster",
        "description": MARK,
        "networkId": "network-cluster",
        "fixedIps": [{"subnetId": "subnet-cluster"}],
        "securityGroupIds": ["id-of-nonlogin"],
    }


def test_what_nova_writes_to_ports_is_no_change() -> None:
    for port in recorded().of(PORT).values():
        assert port.ignore_changes == ["binding", "extraDhcpOptions"]
        assert port.delete_before_replace
        assert port.timeouts == ("20m", "", "20m")


def test_fixed_addresses_go_to_nodes_by_their_place_in_the_group() -> None:
    ports = recorded(
        control_ip_addresses={"cluster": "10.0.0.10"},
        compute={"general": {**COMPUTE, "ip_addresses": {"cluster": ["10.0.0.20", "10.0.0.21"]}}},
    ).of(PORT)
    fixed = {name: port.inputs["fixedIps"][0].get("ipAddress") for name, port in ports.items()}
    assert fixed == {
        "demo-control.cluster": "10.0.0.10",
        "demo-login-0.cluster": None,
        "demo-c-0.cluster": "10.0.0.20",
        "demo-c-1.cluster": "10.0.0.21",
    }


def test_extra_networks_and_types_of_ports() -> None:
    made = recorded(
        cluster_networks=[
            {"network": "cluster"},
            {"network": "storage", "subnet": "storage-v4", "no_security_groups": True},
        ],
        vnic_types={"storage": "direct"},
        compute={
            "general": {**COMPUTE, "extra_networks": [{"network": "fabric"}], "vnic_types": {"fabric": "macvtap"}}
        },
    )
    ports = made.of(PORT)
    assert "binding" not in ports["demo-c-0.cluster"].inputs
    storage = ports["demo-c-0.storage"].inputs
    assert storage["binding"] == {"vnicType": "direct"}
    assert storage["noSecurityGroups"] is True
    assert "securityGroupIds" not in storage
    assert ports["demo-c-0.fabric"].inputs["binding"] == {"vnicType": "macvtap"}
    assert "demo-login-0.fabric" not in ports
    networks = made.of("compute/instance:Instance")["demo-c-0"].inputs["networks"]
    assert [each["port"] for each in networks] == [
        "id-of-demo-c-0.cluster",
        "id-of-demo-c-0.storage",
        "id-of-demo-c-0.fabric",
    ]


def _created(**more: object) -> Recorded:
    create = {"cidr": "10.9.0.0/24", "external_network": "external", "mtu": 8950, **more}
    return recorded(cluster_networks=[{"network": "own", "create": create}])


def test_a_created_network_with_its_router() -> None:
    made = _created(dns_nameservers=["10.9.0.2"])
    (network,) = made.of("networking/network:Network").values()
    assert network.inputs == {"name": "own", "description": MARK, "mtu": 8950}
    (subnet,) = made.of("networking/subnet:Subnet").values()
    assert subnet.inputs == {
        "name": "own",
        "description": MARK,
        "networkId": "id-of-own",
        "cidr": "10.9.0.0/24",
        "ipVersion": 4,
        "dnsNameservers": ["10.9.0.2"],
        "enableDhcp": True,
    }
    (router,) = made.of("networking/router:Router").values()
    assert router.inputs == {
        "name": "own-router",
        "description": MARK,
        "externalNetworkId": "network-external",
    }
    (interface,) = made.of("networking/routerInterface:RouterInterface").values()
    assert interface.inputs == {"routerId": "id-of-own", "subnetId": "id-of-own"}
    # A node that boots before its network is connected may not reach the metadata service.
    server = made.of("compute/instance:Instance")["demo-c-0"]
    assert interface.urn in server.dependencies


def test_a_created_network_that_advertises_its_addresses() -> None:
    create = {"cidr": "fd00::/64", "external_network": "external", "ipv6_mode": "dhcpv6-stateless"}
    own = {"network": "own", "create": {"cidr": "10.9.0.0/24"}}
    made = recorded(cluster_networks=[own, {"network": "six", "create": create}])
    (subnet,) = (each.inputs for each in made.of("networking/subnet:Subnet").values() if each.inputs["name"] == "six")
    assert (subnet["ipVersion"], subnet["ipv6AddressMode"], subnet["ipv6RaMode"]) == (6, *["dhcpv6-stateless"] * 2)


def test_a_created_network_without_a_router() -> None:
    made = _created(external_network=None)
    assert not made.of("networking/router:Router")
    assert not made.of("networking/routerInterface:RouterInterface")


def test_existing_networks_and_groups_are_not_created() -> None:
    made = recorded(login_security_groups=["default", "ssh"], nonlogin_security_groups=["default"])
    assert not made.of("networking/network:Network")
    assert not made.of("networking/secGroup:SecGroup")
    assert not made.of(RULE)
    ports = made.of(PORT)
    assert ports["demo-login-0.cluster"].inputs["securityGroupIds"] == ["group-default", "group-ssh"]
    assert ports["demo-control.cluster"].inputs["securityGroupIds"] == ["group-default"]


def test_a_group_may_have_its_own_security_groups() -> None:
    made = recorded(login={"entry": {**LOGIN, "security_group_ids": [EXAMPLE_ID]}})
    assert made.of(PORT)["demo-login-0.cluster"].inputs["securityGroupIds"] == [EXAMPLE_ID]


def test_created_groups_let_nodes_talk_and_operators_in() -> None:
    made = recorded(ssh_allowed_cidrs=["192.0.2.0/24", "2001:db8::/32"], ssh={"port": 2222})
    groups = made.of("networking/secGroup:SecGroup")
    assert {name: group.inputs["name"] for name, group in groups.items()} == {
        "login": "demo-login",
        "nonlogin": "demo-nonlogin",
    }
    rules = {name: rule.inputs for name, rule in made.of(RULE).items()}
    assert all(rule["direction"] == "ingress" for rule in rules.values())
    peers = {
        (rule["securityGroupId"], rule["remoteGroupId"], rule["ethertype"])
        for rule in rules.values()
        if "remoteGroupId" in rule
    }
    ids = ("id-of-login", "id-of-nonlogin")
    assert peers == {(own, peer, version) for own in ids for peer in ids for version in ("IPv4", "IPv6")}
    assert not [name for name in rules if name.startswith("nonlogin-ssh")], "from outside to login nodes only"
    ssh = rules["login-ssh-from-192.0.2.0/24"]
    assert (ssh["protocol"], ssh["portRangeMin"], ssh["portRangeMax"]) == ("tcp", 2222, 2222)
    assert ssh["remoteIpPrefix"] == "192.0.2.0/24"
    assert rules["login-ssh-from-2001:db8::/32"]["ethertype"] == "IPv6"


def ssh_sources(**settings: Any) -> set[str]:
    """Where ssh to nodes that are no login nodes is let in from."""
    rules = recorded(**settings).of(RULE).values()
    return {
        rule.inputs["remoteIpPrefix"]
        for rule in rules
        if rule.inputs["securityGroupId"] == "id-of-nonlogin" and "remoteIpPrefix" in rule.inputs
    }


@pytest.mark.parametrize(
    ("settings", "sources"),
    [
        ({}, set()),
        ({"nonlogin_ssh_allowed_cidrs": ["192.0.2.0/24"]}, {"192.0.2.0/24"}),
        ({"login": {}, "ssh_allowed_cidrs": ["192.0.2.0/24"]}, {"192.0.2.0/24"}),
        ({"login": {}, "nonlogin_ssh_allowed_cidrs": []}, set()),
    ],
)
def test_from_outside_ssh_reaches_login_nodes_unless_said_otherwise(
    settings: dict[str, Any], sources: set[str]
) -> None:
    assert ssh_sources(**settings) == sources


def test_one_existing_and_one_created_group_know_each_other() -> None:
    made = recorded(login_security_groups=["default", "ssh"])
    remote = [rule.inputs.get("remoteGroupId") for rule in made.of(RULE).values()]
    assert {"group-default", "group-ssh", "id-of-nonlogin"} <= set(remote)
    assert all(rule.inputs["securityGroupId"] == "id-of-nonlogin" for rule in made.of(RULE).values())


def test_floating_ips_go_to_ports() -> None:
    login = {**LOGIN, "nodes": ["login-[0-1]"], "fip_addresses": ["203.0.113.10"], "fip_network": "storage"}
    made = recorded(
        cloud(),
        cluster_networks=[
            {"network": "cluster"},
            {"network": "storage", "subnet": "storage-v4", "no_security_groups": True},
        ],
        login={"entry": login},
    )
    (association,) = made.of("networking/floatingIpAssociate:FloatingIpAssociate").values()
    assert association.name == "demo-login-0"
    assert association.inputs == {"floatingIp": "203.0.113.10", "portId": "id-of-demo-login-0.storage"}


def test_floating_ips_from_a_pool() -> None:
    login = {"entry": {"nodes": ["login-[0-2]"], "flavor": "m1.small", "fip_addresses": ["203.0.113.10"]}}
    made = recorded(login={"entry": {**login["entry"], "fip_pool": "external"}})
    new = made.of("networking/floatingIp:FloatingIp")
    assert set(new) == {"demo-login-1", "demo-login-2"}
    assert all(each.inputs == {"pool": "external", "description": MARK} for each in new.values())
    associated = made.of("networking/floatingIpAssociate:FloatingIpAssociate")
    assert set(associated) == {"demo-login-0", "demo-login-1", "demo-login-2"}
    assert associated["demo-login-0"].inputs["floatingIp"] == "203.0.113.10"


def test_profiles_and_port_security() -> None:
    profile = '{"capabilities": ["switchdev"]}'
    ports = recorded(
        cluster_networks=[{"network": "cluster"}, {"network": "fabric", "no_port_security": True}],
        vnic_types={"fabric": "direct"},
        vnic_profiles={"fabric": profile},
        control_extra_networks=[{"network": "storage", "subnet": "storage-v4", "no_security_groups": True}],
        control_security_group_ids=[EXAMPLE_ID],
    ).of(PORT)
    fabric = ports["demo-c-0.fabric"].inputs
    assert fabric["binding"] == {"vnicType": "direct", "profile": profile}
    assert (fabric["portSecurityEnabled"], fabric["noSecurityGroups"]) == (False, True)
    assert "demo-control.storage" in ports
    assert "demo-c-0.storage" not in ports
    assert ports["demo-control.cluster"].inputs["securityGroupIds"] == [EXAMPLE_ID]


def test_a_server_group_over_groups_and_control() -> None:
    made = recorded(
        server_groups={"infra": {"policy": "soft-anti-affinity"}},
        control_server_group="infra",
        login={"entry": {**LOGIN, "server_group": "infra"}},
        control_volume_backed=True,
        control_root_volume_size=77,
        compute={"general": {**COMPUTE, "hypervisor_hostname": "h1"}},
    )
    (group,) = made.of("compute/serverGroup:ServerGroup").values()
    assert group.inputs == {"name": "demo-infra", "policies": "soft-anti-affinity"}
    servers = made.of("compute/instance:Instance")
    assert servers["demo-control"].inputs["schedulerHints"] == servers["demo-login-0"].inputs["schedulerHints"]
    assert "schedulerHints" not in servers["demo-c-0"].inputs
    assert servers["demo-control"].inputs["blockDevices"][0]["volumeSize"] == 77
    assert "blockDevices" not in servers["demo-login-0"].inputs
    assert servers["demo-c-0"].inputs["hypervisorHostname"] == "h1"


def test_existing_ports_are_used_and_not_created() -> None:
    made = recorded(
        cluster_networks=[{"network": "cluster"}, {"network": "fabric"}],
        control_port_ids={"cluster": EXAMPLE_ID},
        login={
            "entry": {
                **LOGIN,
                "port_ids": {"cluster": [OTHER_ID]},
                "fip_addresses": ["203.0.113.10"],
                "fip_network": "cluster",
            }
        },
    )
    assert set(made.of(PORT)) == {
        "demo-control.fabric",
        "demo-login-0.fabric",
        *(f"demo-c-{number}.{network}" for number in (0, 1) for network in ("cluster", "fabric")),
    }
    servers = made.of("compute/instance:Instance")
    assert servers["demo-control"].inputs["networks"] == [
        {"port": EXAMPLE_ID},
        {"port": "id-of-demo-control.fabric"},
    ]
    assert servers["demo-control"].inputs["metadata"]["access_ip"] == "10.0.0.90"
    assert servers["demo-c-0"].inputs["metadata"]["control_address"] == "10.0.0.90"
    (association,) = made.of("networking/floatingIpAssociate:FloatingIpAssociate").values()
    assert association.inputs["portId"] == OTHER_ID
