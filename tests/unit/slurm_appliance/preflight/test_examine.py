"""Preflight checks: one case a line, a changed configuration or a changed cloud, and what is said about it."""

from dataclasses import replace
from typing import Any

import pytest

from slurm_appliance.cloud.facts import CloudAccess, FloatingIp, Named, Quota, ServerFacts, Volume
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import ConfigError
from tests.unit.clouds import EXAMPLE_ID, IMAGE, port, server
from tests.unit.slurm_appliance.preflight.examined import entry, findings, general, said


def test_nothing_is_said_about_a_configuration_that_can_be_built() -> None:
    found = findings()
    assert found.problems == found.notes == ()
    resolved = found.ready("test")
    assert resolved.flavors == {"m1.large": "flavor-large", "m1.small": "flavor-small"}
    assert resolved.images == {ImageSource(name="slurm-2026-11"): IMAGE}
    network = resolved.networks["cluster"]
    assert (network.network_id, network.subnet_id, network.cidr) == ("network-cluster", "subnet-cluster", "10.0.0.0/24")


CONFIGURATIONS = {
    "flavor": (
        general(flavor="m1.smal"),
        "compute.general.flavor: there is no flavor m1.smal in this project → did you mean 'm1.small'? "
        "allowed: g1.large, m1.large, m1.small, m1.xlarge",
    ),
    "control's flavor": (
        {"control_node_flavor": "huge"},
        "control_node_flavor: there is no flavor huge in this project → allowed: g1.large, m1.large, m1.small, m1.xlar",
    ),
    "security group": (
        {"login_security_groups": ["default", "shs"]},
        "login_security_groups[1]: there is no security group shs in this project → did you mean 'ssh'?",
    ),
    "security group by id": (
        entry(security_group_ids=["00000000-0000-4000-8000-000000000000"]),
        "login.entry.security_group_ids[0]: there is no security group with the ID 00000000-0000-4000-8000-00000000000",
    ),
    "key pair": (
        {"key_pair": "operator"},
        "key_pair: there is no key pair operator in this project → did you mean 'operators'?",
    ),
    "availability zone": (
        general(availability_zone="rack-2"),
        "compute.general.availability_zone: there is no availability zone rack-2 in this project → did you mean 'rack-",
    ),
    "server group": (
        general(server_group_id="00000000-0000-4000-8000-000000000000"),
        "compute.general.server_group_id: there is no server group with the ID 00000000-0000-4000-8000-000000000000 → "
        f"the IDs are: {EXAMPLE_ID} (spread)",
    ),
    "control's server group": (
        {"control_server_group_id": "00000000-0000-4000-8000-000000000000"},
        "control_server_group_id: there is no server group with the ID",
    ),
    "bare-metal node": (
        general(nodes=["c-[0-2]"], match_ironic_node=True),
        "compute.general.match_ironic_node: unknown bare-metal node c-2 → did you mean 'c-1'?",
    ),
    "volume type": (
        {"state_volume_type": "sdd"},
        "state_volume_type: there is no volume type sdd in this project → did you mean 'ssd'?",
    ),
    "volume type of an extra volume": (
        general(extra_volumes={"scratch": {"size": 10, "volume_type": "tape"}}),
        "compute.general.extra_volumes.scratch.volume_type: there is no volume type tape in this project",
    ),
    "volume to attach": (
        {"state_volume_provisioning": "attach"},
        "state_volume_provisioning: there is no volume demo-state in this project",
    ),
    "extra volume to attach": (
        general(extra_volumes={"scratch": {}}),
        "compute.general.extra_volumes.scratch: there is no volume demo-c-0-scratch in this project",
    ),
    "floating IP": (
        entry(fip_addresses=["203.0.113.99"]),
        "login.entry.fip_addresses[0]: the project has no floating IP 203.0.113.99 → did you mean '203.0.113.11'?",
    ),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_what_a_configuration_asks_for_must_be_there(case: str) -> None:
    changes, expected = CONFIGURATIONS[case]
    problems = said(**changes)
    assert any(problem.startswith(expected) for problem in problems), problems


_TAKEN = {"control_ip_addresses": {"cluster": "10.0.0.10"}}
_ATTACH = {"state_volume_provisioning": "attach"}
_STATE = Volume("volume-state", "demo-state", 100, "in-use", ("id-of-other",))

CLOUDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no volumes at all": (
        {"absent": frozenset({"volume"})},
        {},
        "state_volume_provisioning: this cloud has no volume service → the control node needs one",
    ),
    "Ironic that does not answer": (
        {"absent": frozenset({"bare metal"}), "bare_metal": {}},
        general(match_ironic_node=True),
        "compute.general.match_ironic_node: cannot list Ironic's nodes → use an administrator's credentials",
    ),
    "an address that a server has": (
        {"ports": (port("other", "10.0.0.10", device_id="some-server"),)},
        _TAKEN,
        "control_ip_addresses.cluster: 10.0.0.10 is used by port other of server some-server → choose another address",
    ),
    "a floating IP in use": (
        {"floating_ips": (FloatingIp("f", "203.0.113.10", "some-port"),)},
        entry(fip_addresses=["203.0.113.10"]),
        "login.entry.fip_addresses[0]: 203.0.113.10 is in use by port some-port → choose a free floating IP",
    ),
    "a volume that another server has": (
        {"volumes": (_STATE,)},
        _ATTACH,
        "state_volume_provisioning: volume demo-state is in-use elsewhere → only demo-control may use it: detach it",
    ),
    "a volume that is broken": (
        {"volumes": (Volume("volume-state", "demo-state", 100, "error"),)},
        _ATTACH,
        "state_volume_provisioning: volume demo-state is error → only demo-control may use it",
    ),
    "a volume that is larger": (
        {"volumes": (Volume("volume-home", "demo-home", 200, "available"),)},
        {},
        "home_volume_size: volume demo-home has 200 GB and cannot shrink to 100 → set it to 200 or more",
    ),
    "a volume of a compute node that is larger": (
        {"volumes": (Volume("volume-scratch", "demo-c-1-scratch", 50, "in-use"),)},
        general(extra_volumes={"scratch": {"size": 20}}),
        "compute.general.extra_volumes.scratch.size: volume demo-c-1-scratch has 50 GB and cannot shrink to 20 → set",
    ),
    "somebody else's server": (
        {"servers": (server("demo-c-0", environment=""),)},
        {},
        "compute.general.nodes: a server demo-c-0 already exists (id-of-demo-c-0); it belongs to an unknown owner",
    ),
    "another environment's control node": (
        {"servers": (server("demo-control", environment="production"),)},
        {},
        "cluster_name: a server demo-control already exists (id-of-demo-control); it belongs to environment producti",
    ),
    "two of our own": (
        {"servers": (server("demo-c-0", id="a"), server("demo-c-0", id="b"))},
        {},
        "compute.general.nodes: 2 of our servers have the name demo-c-0: a, b → delete those that no state records",
    ),
    "a control node that a newer slurm-appliance created": (
        {"servers": (server("demo-control", user_data_version="3"),)},
        {},
        "demo-control: has user data of version 3, which this slurm-appliance does not support",
    ),
    "credentials that must not create others": (
        {"access": CloudAccess(may_create_credentials=False)},
        {},
        "features.rebuild: needs a new application credential, which the current login cannot create: it is restricted",
    ),
    "roles that only another identity provider knows of": (
        {"access": CloudAccess(federated=True)},
        {},
        "features.rebuild: needs an application credential, and the roles of this user are another identity provider's",
    ),
    "a login that the plugin does not know": (
        {"access": CloudAccess(auth_type="v3oidcpassword")},
        {"features": {"rebuild": False}},
        "openstack:cloud: the login is of type v3oidcpassword, which Pulumi's OpenStack plugin does not know → use an "
        "application credential, which the cloud's portal makes (auth_type v3applicationcredential), or a password",
    ),
    "instances": (
        {"quotas": {"instances": Quota(6, 3)}},
        {},
        "quota of instances: 4 needed, but only 3 of the quota of 6 are left",
    ),
    "cores": (
        {"quotas": {"cores": Quota(10, 0)}},
        {},
        "quota of cores: 11 needed, but only 10 of the quota of 10 are left",
    ),
    "memory": (
        {"quotas": {"ram": Quota(20000, 0)}},
        {},
        "quota of ram: 22528 MB needed, but only 20000 MB of the quota of 20000 MB are left",
    ),
    "ports": ({"quotas": {"ports": Quota(3, 0)}}, {}, "quota of ports: 4 needed, but only 3 of"),
    "volumes": (
        {"quotas": {"volumes": Quota(3, 0)}},
        general(volume_backed_instances=True),
        "quota of volumes: 4 needed, but only 3 of the quota of 3 are left",
    ),
    "gigabytes": (
        {"quotas": {"gigabytes": Quota(300, 0)}},
        general(volume_backed_instances=True),
        "quota of gigabytes: 330 GB needed, but only 300 GB of the quota of 300 GB are left",
    ),
}


@pytest.mark.parametrize("case", CLOUDS)
def test_what_a_cloud_has_must_do(case: str) -> None:
    facts, changes, expected = CLOUDS[case]
    problems = said(facts, **changes)
    assert any(problem.startswith(expected) for problem in problems), problems


def test_all_problems_are_reported_at_once() -> None:
    found = findings(
        {"quotas": {"instances": Quota(0, 0)}}, control_node_flavor="huge", key_pair="nobody", cluster_image="none"
    )
    with pytest.raises(ConfigError) as raised:
        found.ready("stack test")
    assert {problem.path for problem in raised.value.problems} == {
        "control_node_flavor",
        "key_pair",
        "cluster_image",
        "quota of instances",
    }
    assert raised.value.where == "stack test"
    assert "4 mistakes" in raised.value.what


def test_what_is_there_already_needs_no_quota() -> None:
    names = ("control", "login-0", "c-0", "c-1")
    facts = {
        "servers": tuple(server(f"demo-{name}") for name in names),
        "ports": tuple(port(f"demo-{name}-cluster", f"10.0.0.{20 + i}") for i, name in enumerate(names)),
        "volumes": (Volume("s", "demo-state", 150, "in-use"), Volume("h", "demo-home", 60, "in-use")),
        "quotas": {name: Quota(0, 0) for name in ("instances", "cores", "ram", "ports", "volumes")}
        | {"gigabytes": Quota(40, 0)},
    }
    assert said(facts) == []
    [problem] = said(facts | {"quotas": {"gigabytes": Quota(39, 0)}})
    assert problem.startswith("quota of gigabytes: 40 GB ")
    assert "39 GB" in problem


def test_our_own_ports_and_volumes_are_not_in_the_way() -> None:
    facts = {
        "servers": (server("demo-control", id="id-of-control"), server("demo-login-0")),
        "ports": (
            port("demo-control-cluster", "10.0.0.10", device_id="id-of-control"),
            port("demo-login-0-cluster", "10.0.0.11"),
        ),
        "volumes": (replace(_STATE, server_ids=("id-of-control",)),),
        "floating_ips": (FloatingIp("f", "203.0.113.10", "id-of-demo-login-0-cluster"),),
    }
    assert said(facts, **_TAKEN, **_ATTACH, **entry(fip_addresses=["203.0.113.10"])) == []
    moved = {"extra_networks": [{"network": "fabric"}], "fip_network": "fabric", "fip_addresses": ["203.0.113.10"]}
    assert said(facts, **_TAKEN, **_ATTACH, **entry(**moved)) == [], "on another port of the same node"
    resolved = findings(facts, **_ATTACH).ready("test")
    assert resolved.volumes == {"demo-state": "volume-state"}
    assert set(resolved.servers) == {"demo-control", "demo-login-0"}


@pytest.mark.parametrize("status", ["REBUILD", "REBOOT", "HARD_REBOOT", "RESCUE", "SUSPENDED"])
def test_a_server_that_cannot_be_read_is_noted(status: str) -> None:
    found = findings({"servers": (server("demo-c-0", status=status),)})
    assert found.problems == ()
    (note,) = found.notes
    assert str(note).startswith(f"demo-c-0: is in state {status} and cannot be changed now")


def test_a_server_that_is_broken_since_it_ran_is_noted_with_what_to_do() -> None:
    found = findings({"servers": (server("demo-login-0", status="ERROR"),)})
    assert found.problems == ()
    (note,) = found.notes
    assert note.path == "demo-login-0"
    assert "openstack server delete id-of-demo-login-0" in note.remedy
    assert "id-of-demo-login-0" in note.remedy


@pytest.mark.parametrize(
    "other",
    [server("demo-c-0", status="ERROR"), server("demo-login-0", status="ERROR", launched=False)],
    ids=["a compute node, which Slurm rebuilds", "a server that Nova could not create, which up creates again"],
)
def test_others_in_an_error_are_treated_without_the_operator(other: ServerFacts) -> None:
    assert findings({"servers": (other,)}).notes == ()


def test_what_is_created_need_not_be_there() -> None:
    facts: dict[str, Any] = {"networks": (), "subnets": (), "security_groups": (), "key_pairs": {}}
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"
    created = [{"network": "cluster", "create": {"cidr": "10.9.0.0/24"}}]
    assert said(facts, cluster_networks=created, key_pair={"public_key": key}) == []


def test_groups_are_the_projects_own() -> None:
    assert said({"security_groups": (Named("g", "default"),)}, nonlogin_security_groups=["default"]) == []


def test_a_login_that_ends_is_noted() -> None:
    found = findings({"access": CloudAccess(auth_type="v3token", token_expires="2099-01-01T00:00:00Z")})
    assert not found.problems
    [note] = found.notes
    assert note.path == "openstack:cloud"
    assert "2099-01-01T00:00:00Z" in note.what
    assert "application credential" in note.remedy


@pytest.mark.parametrize("auth_type", ["password", "v3password", "v3applicationcredential", ""])
def test_logins_that_all_programs_know(auth_type: str) -> None:
    found = findings({"access": CloudAccess(auth_type=auth_type)})
    assert found.problems == found.notes == ()
