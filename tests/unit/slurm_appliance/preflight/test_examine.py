"""Preflight checks: one case a line, a changed configuration or a changed cloud, and what is said about it."""

from dataclasses import replace
from typing import Any

import pytest

from slurm_appliance.cloud.facts import CloudAccess, FloatingIp, Named, NetworkFacts, Quota, SubnetFacts, Volume
from slurm_appliance.config import from_mapping
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import ConfigError
from slurm_appliance.image import content
from slurm_appliance.image.spec import ImageBuild
from slurm_appliance.preflight import Findings, examine, network_names
from tests.unit.clouds import EXAMPLE_ID, IMAGE, cloud, image, port, server
from tests.unit.slurm_appliance.config.examples import smallest

COMPUTE = {"nodes": ["c-[0-1]"], "flavor": "m1.small"}
LOGIN = {"nodes": ["login-0"], "flavor": "m1.small"}


def findings(facts: dict[str, Any] | None = None, **changes: Any) -> Findings:
    settings: dict[str, Any] = {
        "login": {"entry": LOGIN},
        "compute": {"general": COMPUTE},
        **changes,
    }
    config = from_mapping(smallest(**settings), "test", environment="test")
    return examine(
        config, cloud(volumes=(), **(facts or {})) if "volumes" not in (facts or {}) else cloud(**facts or {})
    )


def said(*given: Any, **changes: Any) -> list[str]:
    """The problems, each as ``path: what``, with the remedy after an arrow."""
    found = findings(*given, **changes)
    return [f"{problem.path}: {problem.what} → {problem.remedy}" for problem in found.problems]


def _general(**more: Any) -> dict[str, Any]:
    return {"compute": {"general": {**COMPUTE, **more}}}


def _entry(**more: Any) -> dict[str, Any]:
    return {"login": {"entry": {**LOGIN, **more}}}


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
        _general(flavor="m1.smal"),
        "compute.general.flavor: there is no flavor m1.smal in this project → did you mean 'm1.small'? "
        "allowed: g1.large, m1.large, m1.small, m1.xlarge",
    ),
    "control's flavor": (
        {"control_node_flavor": "huge"},
        "control_node_flavor: there is no flavor huge in this project → allowed: g1.large, m1.large, m1.small, m1.xlar",
    ),
    "image by name": (
        {"cluster_image": "slurm-2026-1"},
        "cluster_image: there is no image slurm-2026-1 in this project → did you mean 'slurm-2026-11'? "
        "allowed: slurm-2026-11, slurm-gpu, slurm-other",
    ),
    "image by id": (
        {"cluster_image": None, "cluster_image_id": "00000000-0000-4000-8000-000000000000"},
        f"cluster_image_id: there is no image with the ID 00000000-0000-4000-8000-000000000000 → the IDs are: {IMAGE} ",
    ),
    "image of a group": (
        _general(image="other"),
        "compute.general.image: there is no image other in this project → ",
    ),
    "root volume too small for the image": (
        _general(volume_backed_instances=True, root_volume_size=8),
        "compute.general.root_volume_size: root volumes of 8 GB, but image slurm-2026-11 needs 10 GB → set it to 10",
    ),
    "network": (
        {"cluster_networks": [{"network": "clster"}]},
        "cluster_networks[0].network: there is no network clster in this project → did you mean 'cluster'? ",
    ),
    "network of a group": (
        _general(extra_networks=[{"network": "fabrik"}]),
        "compute.general.extra_networks[0].network: there is no network fabrik in this project → did you mean 'fabric'",
    ),
    "subnet": (
        {"cluster_networks": [{"network": "cluster", "subnet": "other"}]},
        "cluster_networks[0].subnet: there is no subnet of network cluster called other in this project → ",
    ),
    "which of two subnets": (
        {"cluster_networks": [{"network": "storage", "no_security_groups": True}]},
        "cluster_networks[0].subnet: network storage has 2 subnets → set the one for the nodes' addresses on the "
        "access network, which are IPv4: storage-v4 (10.1.0.0/24)",
    ),
    "which of two subnets of another network": (
        {"cluster_networks": [{"network": "cluster"}, {"network": "storage", "no_security_groups": True}]},
        "cluster_networks[1].subnet: network storage has 2 subnets → set the one for the nodes' addresses: "
        "storage-v4 (10.1.0.0/24), storage-v6 (fd00::/64)",
    ),
    "the subnet's broadcast address": (
        {"control_ip_addresses": {"cluster": "10.0.0.255"}},
        "control_ip_addresses.cluster: 10.0.0.255 is the broadcast address of 10.0.0.0/24 → choose another address",
    ),
    "a gateway that is the network's address": (
        {"gateway_ip": "10.0.0.0"},
        "gateway_ip: 10.0.0.0 is the network address of 10.0.0.0/24 → choose another address",
    ),
    "a floating IP on IPv6": (
        {
            "cluster_networks": [
                {"network": "cluster"},
                {"network": "storage", "subnet": "storage-v6", "no_security_groups": True},
            ],
            **_entry(fip_addresses=["203.0.113.10"], fip_network="storage"),
        },
        "login.entry.fip_network: floating IPs are IPv4, but subnet storage-v6 of storage is IPv6 (fd00::/64) → choose "
        "a network with an IPv4 subnet, or remove fip_addresses",
    ),
    "an address of IPv6 that is written otherwise": (
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
        {"cluster_networks": [{"network": "storage", "subnet": "storage-v4"}]},
        "cluster_networks[0].no_security_groups: port security is off on network storage, so its ports cannot have "
        "security groups → set it to true",
    ),
    "external network": (
        {"cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "extrenal"}}]},
        "cluster_networks[0].create.external_network: there is no external network extrenal in this project → did you",
    ),
    "a network that is not external": (
        {"cluster_networks": [{"network": "own", "create": {"cidr": "10.9.0.0/24", "external_network": "fabric"}}]},
        "cluster_networks[0].create.external_network: there is no external network fabric in this project → allowed: e",
    ),
    "security group": (
        {"login_security_groups": ["default", "shs"]},
        "login_security_groups[1]: there is no security group shs in this project → did you mean 'ssh'?",
    ),
    "security group by id": (
        _entry(security_group_ids=["00000000-0000-4000-8000-000000000000"]),
        "login.entry.security_group_ids[0]: there is no security group with the ID 00000000-0000-4000-8000-00000000000",
    ),
    "key pair": (
        {"key_pair": "operator"},
        "key_pair: there is no key pair operator in this project → did you mean 'operators'?",
    ),
    "availability zone": (
        _general(availability_zone="rack-2"),
        "compute.general.availability_zone: there is no availability zone rack-2 in this project → did you mean 'rack-",
    ),
    "server group": (
        _general(server_group_id="00000000-0000-4000-8000-000000000000"),
        "compute.general.server_group_id: there is no server group with the ID 00000000-0000-4000-8000-000000000000 → "
        f"the IDs are: {EXAMPLE_ID} (spread)",
    ),
    "control's server group": (
        {"control_server_group_id": "00000000-0000-4000-8000-000000000000"},
        "control_server_group_id: there is no server group with the ID",
    ),
    "bare-metal node": (
        _general(nodes=["c-[0-2]"], match_ironic_node=True),
        "compute.general.match_ironic_node: unknown bare-metal node c-2 → did you mean 'c-1'?",
    ),
    "volume type": (
        {"state_volume_type": "sdd"},
        "state_volume_type: there is no volume type sdd in this project → did you mean 'ssd'?",
    ),
    "volume type of an extra volume": (
        _general(extra_volumes={"scratch": {"size": 10, "volume_type": "tape"}}),
        "compute.general.extra_volumes.scratch.volume_type: there is no volume type tape in this project",
    ),
    "volume to attach": (
        {"state_volume_provisioning": "attach"},
        "state_volume_provisioning: there is no volume demo-state in this project",
    ),
    "extra volume to attach": (
        _general(extra_volumes={"scratch": {}}),
        "compute.general.extra_volumes.scratch: there is no volume demo-c-0-scratch in this project",
    ),
    "address outside its subnet": (
        {"control_ip_addresses": {"cluster": "10.5.0.10"}},
        "control_ip_addresses.cluster: 10.5.0.10 is not in subnet cluster (10.0.0.0/24) → choose an address in 10.0.0.",
    ),
    "the gateway's address": (
        _general(ip_addresses={"cluster": ["10.0.0.1", "10.0.0.21"]}),
        "compute.general.ip_addresses.cluster[0]: 10.0.0.1 is the gateway of subnet cluster → choose another address",
    ),
    "floating IP": (
        _entry(fip_addresses=["203.0.113.99"]),
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
    "two images of one name": (
        {"images": (image("a", "slurm-2026-11"), image("b", "slurm-2026-11"))},
        {},
        "cluster_image: 2 images have the name slurm-2026-11: a, b → ",
    ),
    "an image that is not ready": (
        {"images": (image("a", "slurm-2026-11", "queued"),)},
        {},
        "cluster_image: image slurm-2026-11 is queued → wait until it is active, or choose",
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
        _general(nodes=["c-[0-5]"]),
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
        _general(nodes=["c-[0-2]"]),
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
        _general(extra_networks=[{"network": "fabric"}]),
        "compute.general.extra_networks: networks cluster (10.0.0.0/24) and fabric (10.0.0.0/16) overlap → choose",
    ),
    "an image of somebody else's": (
        {"images": (image("a", "slurm-2026-11", digest=""),)},
        {},
        "cluster_image: image slurm-2026-11 was not built by this appliance: nodes that boot it cannot join "
        "a cluster → choose one from './slurm-appliance image list', or set {build: NAME}",
    ),
    "a user's name that the image has": (
        {},
        {"users": {"chief": {"uid": 2001}}},
        "users.chief: chief is a system account with uid 1001 in image slurm-2026-11 → choose another name",
    ),
    "a uid that the image has": (
        {},
        {"users": {"alice": {"uid": 1001}}},
        "users.alice.uid: 1001 is the uid of chief in image slurm-2026-11 → choose another uid",
    ),
    "a group's name that the image has": (
        {},
        {"users": {"render2": {"uid": 2001}}},
        "users.render2: render2 is a system group with gid 1500 in image slurm-2026-11 → choose another name",
    ),
    "a gid that the image has": (
        {},
        {"users": {"alice": {"uid": 1500}}},
        "users.alice.uid: 1500 is the gid of render2 in image slurm-2026-11 → choose another uid",
    ),
    "a disk that is too small": (
        {"images": (image("a", "slurm-2026-11", min_disk=40),)},
        {},
        "login.entry.flavor: flavor m1.small has a disk of 20 GB, image slurm-2026-11 needs 40 GB → choose a flavor wi",
    ),
    "an image that is larger than it says": (
        {"images": (image("a", "slurm-2026-11", size=30),)},
        {},
        "compute.general.flavor: flavor m1.small has a disk of 20 GB, image slurm-2026-11 needs 30 GB",
    ),
    "too little memory": (
        {"images": (image("a", "slurm-2026-11", min_ram=4096),)},
        {},
        "compute.general.flavor: flavor m1.small has 2048 MB of memory, image slurm-2026-11 needs 4096 → choose a larg",
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
    "no volumes at all": (
        {"absent": frozenset({"volume"})},
        {},
        "state_volume_provisioning: this cloud has no volume service → the control node needs one",
    ),
    "Ironic that does not answer": (
        {"absent": frozenset({"bare metal"}), "bare_metal": {}},
        _general(match_ironic_node=True),
        "compute.general.match_ironic_node: cannot list Ironic's nodes → use an administrator's credentials",
    ),
    "an address that a server has": (
        {"ports": (port("other", "10.0.0.10", device_id="some-server"),)},
        _TAKEN,
        "control_ip_addresses.cluster: 10.0.0.10 is used by port other of server some-server → choose another address",
    ),
    "a floating IP in use": (
        {"floating_ips": (FloatingIp("f", "203.0.113.10", "some-port"),)},
        _entry(fip_addresses=["203.0.113.10"]),
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
        _general(volume_backed_instances=True),
        "quota of volumes: 4 needed, but only 3 of the quota of 3 are left",
    ),
    "gigabytes": (
        {"quotas": {"gigabytes": Quota(300, 0)}},
        _general(volume_backed_instances=True),
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
    assert str(raised.value).startswith("stack test: the configuration has 4 mistakes; nothing was changed\n")


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
    assert said(facts | {"quotas": {"gigabytes": Quota(39, 0)}}) == [
        "quota of gigabytes: 40 GB needed, but only 39 GB of the quota of 39 GB are left → "
        "ask the cloud's operators for a larger quota, or create fewer or smaller nodes"
    ]


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
    assert said(facts, **_TAKEN, **_ATTACH, **_entry(fip_addresses=["203.0.113.10"])) == []
    moved = {"extra_networks": [{"network": "fabric"}], "fip_network": "fabric", "fip_addresses": ["203.0.113.10"]}
    assert said(facts, **_TAKEN, **_ATTACH, **_entry(**moved)) == [], "on another port of the same node"
    resolved = findings(facts, **_ATTACH).ready("test")
    assert resolved.volumes == {"demo-state": "volume-state"}
    assert set(resolved.servers) == {"demo-control", "demo-login-0"}


def test_an_image_that_is_being_replaced_is_no_second_one() -> None:
    images = (image("a", "slurm-2026-11", "deactivated"), image("b", "slurm-2026-11"))
    assert findings({"images": images}).ready("test").images == {ImageSource(name="slurm-2026-11"): "b"}


@pytest.mark.parametrize("status", ["REBUILD", "REBOOT", "HARD_REBOOT", "RESCUE", "SUSPENDED"])
def test_a_server_that_cannot_be_read_is_noted(status: str) -> None:
    found = findings({"servers": (server("demo-c-0", status=status),)})
    assert found.problems == ()
    (note,) = found.notes
    assert str(note).startswith(f"demo-c-0: is in state {status} and cannot be changed now")


def test_what_is_created_need_not_be_there() -> None:
    facts: dict[str, Any] = {"networks": (), "subnets": (), "security_groups": (), "key_pairs": {}}
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr somebody"
    created = [{"network": "cluster", "create": {"cidr": "10.9.0.0/24"}}]
    assert said(facts, cluster_networks=created, key_pair={"public_key": key}) == []


def test_a_build_makes_its_own_image() -> None:
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    facts = {"images": (image("base", "debian-12", digest=""),)}
    found = findings(facts, cluster_image={"build": "fat"}, image_builds=builds).ready("test")
    assert [(build.name, build.image_id, build.build.base) for build in found.builds] == [("fat", None, "base")]
    assert found.images == {ImageSource(build="fat"): None}
    # Built by now, and of several images with this content the newest.
    (name,) = (build.image_name for build in found.builds)
    made = (image("old", name, created="1", ours=True), image("new", name, created="2", ours=True))
    found = findings({"images": (*facts["images"], *made)}, cluster_image={"build": "fat"}, image_builds=builds).ready(
        ""
    )
    assert found.images == {ImageSource(build="fat"): "new"}


def test_the_files_of_a_build_are_read_once_however_many_groups_boot_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []

    def image_name(_build: ImageBuild, base: str) -> str:
        named.append(base)
        return f"slurm-{base}"

    monkeypatch.setattr(content, "image_name", image_name)
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    own = {"compute": {name: {"nodes": [f"{name}-0"], "flavor": "m1.small"} for name in ("a", "b", "c")}}
    facts = {"images": (image("base", "debian-12", digest=""),)}
    findings(facts, cluster_image={"build": "fat"}, image_builds=builds, **own)
    assert named == ["base"]


def test_a_build_without_its_base_image_is_a_problem_among_the_others() -> None:
    builds = {"fat": {"base_image": "debian-12", "flavor": "m1.small"}}
    problems = findings(cluster_image={"build": "fat"}, image_builds=builds, key_pair="nobodys").problems
    assert {problem.path for problem in problems} == {"cluster_image", "key_pair"}


def test_the_networks_whose_ports_are_looked_at() -> None:
    config = from_mapping(smallest(**_general(extra_networks=[{"network": "fabric"}])), "test")
    assert network_names(config) == {"cluster", "fabric"}


def test_subnets_of_one_name_on_several_networks() -> None:
    subnets = (
        SubnetFacts("a", "v4", "network-cluster", "10.0.0.0/24"),
        SubnetFacts("b", "v4", "network-fabric", "10.2.0.0/24"),
    )
    found = findings({"subnets": subnets}, cluster_networks=[{"network": "cluster", "subnet": "v4"}])
    assert found.ready("test").networks["cluster"].subnet_id == "a"


def test_groups_are_the_projects_own() -> None:
    assert said({"security_groups": (Named("g", "default"),)}, nonlogin_security_groups=["default"]) == []


def test_users_that_no_image_knows_and_a_group_of_the_image_by_its_number() -> None:
    assert said(users={"alice": {"uid": 2**31 - 2}, "b.c": {"uid": 2002, "gid": 100}}) == []


def test_an_image_without_a_list_of_accounts_is_noted() -> None:
    found = findings({"images": (image("a", "slurm-2026-11", accounts=""),)}, users={"alice": {"uid": 2001}})
    assert found.problems == ()
    assert [str(note).splitlines()[0] for note in found.notes] == [
        "users: image slurm-2026-11 has no list of its accounts, so users were not checked for conflicts"
    ]


def test_a_login_that_ends_is_noted() -> None:
    found = findings({"access": CloudAccess(auth_type="v3token", token_expires="2099-01-01T00:00:00Z")})
    assert not found.problems
    assert [str(note) for note in found.notes] == [
        "openstack:cloud: the login is a token, which nobody can renew: it ends at 2099-01-01T00:00:00Z, and what runs "
        "then fails\n  → for anything longer, use an application credential or a password"
    ]


@pytest.mark.parametrize("auth_type", ["password", "v3password", "v3applicationcredential", ""])
def test_logins_that_all_programs_know(auth_type: str) -> None:
    found = findings({"access": CloudAccess(auth_type=auth_type)})
    assert found.problems == found.notes == ()
