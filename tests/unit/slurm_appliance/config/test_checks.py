"""Checks that look at more than one setting: one row for each thing that can be wrong."""

import copy
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.examples import LARGEST, largest, smallest


def group(*nodes: str, **settings: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "flavor": "m1.small", **settings}


def build(base: Any, **settings: Any) -> dict[str, Any]:
    return {"base_image": base, "flavor": "m1.small", **settings}


ID = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"
TWO_NETWORKS = [{"network": "cluster"}, {"network": "storage"}]
CREATED = [{"network": "cluster", "create": {"cidr": "10.20.0.0/24"}}]

# Settings on top of the smallest configuration; then path, what and remedy of the one problem that follows.
CROSS = [
    # Users and accounts
    (
        {"users": {"alice": {"uid": 2001, "slurm_accounts": ["users", "nope"]}}},
        "users.alice.slurm_accounts[1]",
        "there is no account nope",
        "slurm.accounts",
    ),
    (
        {"slurm": {"accounts": {"hep": {"parent": "nope"}}}},
        "slurm.accounts.hep.parent",
        "there is no account nope",
        "slurm.accounts",
    ),
    (
        {"slurm": {"accounts": {"a": {"parent": "a"}}}},
        "slurm.accounts.a.parent",
        "a is below itself",
        "root",
    ),
    # Names
    ({"compute": {"login": group("c-0")}}, "compute.login", "the name login is reserved", "choose another"),
    ({"login": {"default": group("c-0")}}, "login.default", "the name default is reserved", "choose another"),
    (
        {"login": {"a": group("l-0")}, "compute": {"a": group("c-0")}},
        "compute.a",
        "there is a group a already: login.a",
        "rename one",
    ),
    (
        {"cluster_name": "hpc", "compute": {"hpc_large": group("l-0"), "large": group("c-0")}},
        "compute.hpc_large",
        "the inventory calls compute.large hpc_large, too",
        "rename one",
    ),
    (
        {"login": {"a-b": group("l-0")}, "compute": {"a_b": group("c-0")}},
        "compute.a_b",
        "the inventory calls it a_b, like login.a-b",
        "rename one",
    ),
    ({"compute": {"a": group("c-0", "c-[0-1]")}}, "compute.a.nodes", "also in this group: demo-c-0", "its own"),
    (
        {"login": {"a": group("n-0")}, "compute": {"b": group("n-[0-1]")}},
        "compute.b.nodes",
        "also in login.a.nodes: demo-n-0",
        "its own",
    ),
    ({"compute": {"a": group("control")}}, "compute.a.nodes", "also the control node: demo-control", "its own"),
    (
        {
            "compute": {
                "a": group("c-0", nodename_template="${node}.one"),
                "b": group("c-0", nodename_template="${node}.two"),
            }
        },
        "compute.b.nodes",
        "also in compute.a.nodes: c-0",
        "its own",
    ),
    ({"compute": {"a": group("c-0-")}}, "compute.a.nodes", "no valid host name: demo-c-0-.demo.internal", "at most 63"),
    ({"compute": {"a": group("n" * 70)}}, "compute.a.nodes", "no valid host name", "at most 63"),
    (
        {"cluster_nodename_template": "${node}.${environment_name}", "environment_name": "my_env"},
        "cluster_nodename_template",
        "no valid name: control.my_env",
        "cluster_nodename_template",
    ),
    # Images
    ({"cluster_image": None}, "cluster_image", "required, but not set", "{build: NAME}"),
    ({"cluster_image_id": ID}, "cluster_image_id", "cluster_image is set as well", "keep one"),
    ({"cluster_image": {"build": "fat"}}, "cluster_image.build", "no build fat in image_builds", "add it to"),
    (
        {"cluster_image": {"build": "fatt"}, "image_builds": {"fat": build("x")}},
        "cluster_image.build",
        "no build fatt in image_builds",
        "did you mean 'fat'?",
    ),
    (
        {"compute": {"a": group("c-0", image="x", image_id=ID)}},
        "compute.a.image_id",
        "image is set as well",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0", image={"build": "fat"})}},
        "compute.a.image.build",
        "no build fat",
        "add it to image_builds",
    ),
    (
        {"image_builds": {"fat": build({"build": "fat"})}},
        "image_builds.fat.base_image",
        "starts from itself: fat → fat",
        "another image",
    ),
    (
        {"image_builds": {"fat": build("x", package_sources={"repositories": {"r": {"url": "${mirror}/r"}}})}},
        "image_builds.fat.package_sources.repositories.r.url",
        "${mirror} stands for nothing",
        "set image_builds.fat.package_sources.mirror",
    ),
    (
        {"image_builds": {"fat": build("x", package_sources={"username": "me"})}},
        "image_builds.fat.package_sources",
        "username and password are not both set",
        "both or none",
    ),
    # Networks
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
    # Addresses
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
    # Boot
    ({"additional_cloud_config": "- a"}, "additional_cloud_config", "is not a mapping", "cloud-config"),
    ({"additional_cloud_config": "a: [b"}, "additional_cloud_config", "is not valid YAML", "cloud-config"),
    ({"additional_cloud_config": "fqdn: x"}, "additional_cloud_config", "sets fqdn", "leave them out"),
    (
        {"additional_cloud_config": "a: ${b}"},
        "additional_cloud_config",
        "${b} stands for nothing",
        "set additional_cloud_config_vars.b",
    ),
    (
        {"compute": {"a": group("c-0", additional_cloud_config="mounts: []")}},
        "compute.a.additional_cloud_config",
        "sets mounts",
        "leave them out",
    ),
    (
        {"compute": {"a": group("c-0", server_group_id=ID, server_group_policy="affinity")}},
        "compute.a.server_group_policy",
        "server_group_id is set as well",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=["nfs"])}},
        "compute.a.compute_init_enable",
        "leaves out compute",
        "add compute",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=[])}},
        "compute.a.compute_init_enable",
        "leaves out compute",
        "remove the setting",
    ),
    (
        {"features": {"nhc": False}, "compute": {"a": group("c-0", compute_init_enable=["compute", "nhc"])}},
        "compute.a.compute_init_enable",
        "lists nhc, but features.nhc is false",
        "remove one",
    ),
    (
        {"home_volume_provisioning": "none"},
        "home_volume_provisioning",
        "leaves users without home directories",
        "set home.server",
    ),
    (
        {"compute": {"a": group("c-0", compute_init_enable=["compute", "compute"])}},
        "compute.a.compute_init_enable[1]",
        "in the list twice",
        "keep one",
    ),
    ({"home": {"server": "nfs"}}, "home.server", "there is a home volume, too", "home_volume_provisioning: none"),
    # Folders
    ({"state_dir": "/etc"}, "state_dir", "a mount at /etc would hide /etc/slurm", "of its own"),
    ({"state_dir": "/run/state"}, "state_dir", "/run/state lies in /run", "of its own"),
    (
        {"home": {"export": "/var/lib/state/home"}},
        "home.export",
        "/var/lib/state/home and /var/lib/state (state_dir) lie in each other",
        "separate folders",
    ),
    ({"home": {"mount_point": "/exports"}}, "home.mount_point", "/exports and /exports/home", "separate folders"),
    # Slurm
    (
        {"compute": {"general": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["generl"]}}}},
        "slurm.partitions.p.groups[0]",
        "no compute group generl",
        "did you mean 'general'?",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": []}}}},
        "slurm.partitions.p.groups",
        "is empty",
        "name compute groups: a",
    ),
    ({"slurm": {"partitions": {"p": {"groups": []}}}}, "slurm.partitions.p.groups", "is empty", "until there is"),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a", "a"]}}}},
        "slurm.partitions.p.groups[1]",
        "a is in the list twice",
        "keep one",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a"]}, "q": {"groups": ["a"]}}}},
        "slurm.partitions",
        "no partition is the default",
        "on one of them",
    ),
    (
        {
            "compute": {"a": group("c-0")},
            "slurm": {"partitions": {name: {"groups": ["a"], "default": True} for name in ("p", "q")}},
        },
        "slurm.partitions",
        "p and q are default partitions",
        "one of them only",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"Default": {"groups": ["a"]}}}},
        "slurm.partitions.Default",
        "keeps this name",
        "another name",
    ),
    ({"slurm": {"nodegroups": {"gpu": {}}}}, "slurm.nodegroups.gpu", "no compute group gpu", "nothing is allowed"),
    (
        {"slurm": {"options": {"resumetimeout": 60}}},
        "slurm.options.resumetimeout",
        "is set by the appliance",
        "it follows from: slurm.resume_timeout",
    ),
    ({"slurm": {"options": {"TreeWidth": 1, "treewidth": 2}}}, "slurm.options.treewidth", "set twice", "keep one"),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"partitions": {"p": {"groups": ["a"], "options": {"Nodes": "x"}}}}},
        "slurm.partitions.p.options.Nodes",
        "is set by the appliance",
        "groups",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"nodegroups": {"a": {"options": {"Gres": "gpu:1"}}}}},
        "slurm.nodegroups.a.options.Gres",
        "is set by the appliance",
        "gres",
    ),
    (
        {"slurm": {"options": {"SchedulerParametrs": "bf_window=2880"}}},
        "slurm.options.SchedulerParametrs",
        "no option that Slurm knows",
        "did you mean 'SchedulerParameters'?",
    ),
    (
        {"slurm": {"options": {"schedulerparameters": "bf_window=2880, bf_continue"}}},
        "slurm.options.schedulerparameters",
        "has a space in it",
        "without spaces: bf_window=2880,bf_continue",
    ),
    (
        {"slurm": {"options": {"SlurmctldPort": 7000}}},
        "slurm.options.SlurmctldPort",
        "cannot be set",
        "expect the usual port",
    ),
    (
        {"slurm": {"options": {"slurmdspooldir": "/srv/slurmd"}}},
        "slurm.options.slurmdspooldir",
        "is set by the appliance",
        "it follows from",
    ),
    (
        {"slurm": {"options": {"RealMemory": 1000}}},
        "slurm.options.RealMemory",
        "is an option of nodes, not of the cluster",
        "slurm.nodegroups.<group>.options",
    ),
    (
        {"compute": {"a": group("c-0")}, "slurm": {"nodegroups": {"a": {"options": {"Wieght": 2}}}}},
        "slurm.nodegroups.a.options.Wieght",
        "no option that Slurm knows",
        "did you mean 'Weight'?",
    ),
    # Users
    (
        {"users": {"alice": {"uid": 2001}, "bob": {"uid": 2001}}},
        "users.bob.uid",
        "2001 is also the uid of alice",
        "its own",
    ),
    ({"users": {"slurm": {"uid": 2001}}}, "users.slurm", "an account or a group of the system", "another name"),
    ({"users": {"debian": {"uid": 2001}}}, "users.debian", "the deploy host logs in as", "another name"),
    ({"users": {"alice": {"uid": 65534}}}, "users.alice.uid", "65534 stands for nobody", "another uid"),
    (
        {"users": {"alice": {"uid": 2001, "gid": 2002}, "bob": {"uid": 2002}}},
        "users.bob.uid",
        "2002 is also the gid of alice",
        "set gid",
    ),
]


@pytest.mark.parametrize(("settings", "path", "what", "remedy"), CROSS)
def test_settings_that_do_not_go_together(settings: dict[str, Any], path: str, what: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**settings), "a test")
    [problem] = caught.value.problems
    assert problem.path == path
    assert what in problem.what
    assert remedy in problem.remedy


def test_a_circle_of_builds_is_named_from_each_of_them() -> None:
    builds = {"a": build({"build": "b"}), "b": build({"build": "a"}), "c": build({"build": "a"})}
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(image_builds=builds), "a test")
    assert [str(problem).splitlines()[0] for problem in caught.value.problems] == [
        "image_builds.a.base_image: starts from itself: a → b → a",
        "image_builds.b.base_image: starts from itself: b → a → b",
    ]


def test_many_nodes_with_the_same_mistake_are_one_problem() -> None:
    groups = {"a": group("c-[0-999]"), "b": group("c-[0-999]")}
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(compute=groups), "a test")
    [problem] = caught.value.problems
    assert "demo-c-0, demo-c-1, demo-c-2, demo-c-3, demo-c-4 and 995 more" in problem.what


# A mistake in one place, and what is still found elsewhere.
STILL_FOUND = [
    ("cluster_name", "Bad", "compute.gpu.nodes"),
    ("compute.general.flavor", 1, "compute.gpu.nodes"),
    ("compute.gpu.flavor", 1, "compute.gpu.nodes"),
    ("login", 1, "compute.gpu.nodes"),
    ("cluster_networks.0.subnet", 1, "compute.gpu.vnic_types.fast"),
    ("image_builds.fat.flavor", 1, "compute.gpu.image.build"),
    ("slurm.partitions.all.max_time", 1.5, "slurm.partitions.general.groups[0]"),
    ("users.alice.uid", "x", "users.slurm"),
]


@pytest.mark.parametrize(("place", "value", "also"), STILL_FOUND)
def test_a_mistake_hides_no_other(place: str, value: Any, also: str) -> None:
    tree = copy.deepcopy(LARGEST)
    tree["compute"]["gpu"] |= {"nodes": ["g-0", "g-0"], "vnic_types": {"fast": "direct"}, "image": {"build": "none"}}
    del tree["compute"]["gpu"]["image_id"]
    tree["slurm"]["partitions"]["general"]["groups"] = ["none"]
    tree["users"]["slurm"] = {"uid": 3000}
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree, "a test")
    without = {problem.path for problem in caught.value.problems}

    parent: Any = tree
    *outer, last = [int(piece) if piece.isdigit() else piece for piece in place.split(".")]
    for piece in outer:
        parent = parent[piece]
    parent[last] = value
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree, "a test")
    found = {problem.path for problem in caught.value.problems}
    assert also in without
    assert also in found
    assert len(found - without) == 1


@pytest.mark.parametrize("name", ["Alice", "a.b", "m12345", "alice2", "x-y", "_svc", "A.B-2"])
def test_names_as_directories_have_them(name: str) -> None:
    users = {name: {"uid": 2**31 - 2, "gid": 100}, "other": {"uid": 70_000, "gid": 100}}
    assert from_mapping(smallest(users=users), "a test").users[name].gid == 100


def test_ipv6_beside_ipv4_with_a_link_local_gateway() -> None:
    six = {"network": "six", "create": {"cidr": "fd00::/64", "gateway_ip": "fe80::1"}}
    config = from_mapping(smallest(cluster_networks=[*CREATED, six], gateway_ip="fe80::1"), "a test")
    assert config.gateway_ip == "fe80::1"


def test_the_examples_pass_every_check() -> None:
    from_mapping(largest(), "a test")
    from_mapping(smallest(), "a test")
