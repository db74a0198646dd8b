"""What operators get to read about each kind of mistake: where it is, what is wrong, what to do."""

import copy
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError, Problem
from tests.unit.slurm_appliance.config.examples import LARGEST, smallest

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFu0dpdmKRnqgbtxZAcSGC3x8CYvqXqIbVbUEQ8AvqWr x"


def problems_of(settings: dict[str, Any], **arguments: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        from_mapping(settings, "a test", **arguments)
    return list(caught.value.problems)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The largest example with the value at a dotted path replaced; DELETE takes it away."""
    tree = copy.deepcopy(LARGEST)
    parent: Any = tree
    *outer, last = [int(piece) if piece.isdigit() else piece for piece in path.split(".")]
    for piece in outer:
        parent = parent[piece]
    if value is DELETE:
        del parent[last]
    else:
        parent[last] = value
    return tree


DELETE = object()

# Path of the change, new value; then path, what and remedy of the one problem that follows.
ONE_SETTING = [
    ("cluster_name", "Demo_1", "cluster_name", '"Demo_1" is not a cluster name', "lower-case letters"),
    ("cluster_name", DELETE, "cluster_name", "required, but not set", 'for example "demo"'),
    ("cluster_name", "", "cluster_name", "required, but not set", "Name of the cluster"),
    ("cluster_name", 7, "cluster_name", "7 is not a cluster name", "lower-case letters"),
    ("cluster_name", ["demo"], "cluster_name", "a list is not text", "allowed: lower-case"),
    ("cluster_nme", "demo", "cluster_nme", "unknown setting", "did you mean 'cluster_name'?"),
    ("partitions", {}, "partitions", "unknown setting", "did you mean slurm.partitions?"),
    ("flavors", {}, "flavors", "unknown setting", "config explain"),
    ("state_volume_size", 0, "state_volume_size", "0 is out of bounds", "a whole number of GB, 1 to"),
    ("state_volume_size", "200GB", "state_volume_size", '"200GB" is not a whole number of GB', "1 to"),
    ("state_volume_size", True, "state_volume_size", "true is not a whole number of GB", "1 to"),
    ("protected", "maybe", "protected", '"maybe" is neither true nor false', "true, false"),
    ("home_volume_provisioning", "create", "home_volume_provisioning", '"create" is not among', "manage, attach, none"),
    ("state_dir", "state", "state_dir", '"state" is not an absolute path', "starts with '/'"),
    ("state_dir", "/var/../etc", "state_dir", "is not an absolute path", "no '..'"),
    ("state_dir", {"secure": "v1:x"}, "state_dir", "is encrypted, but is no secret", "without --secret"),
    (
        "secrets",
        {"secure": "v1:x"},
        "secrets",
        "is encrypted",
        "one by one: pulumi config set --secret --path secrets.",
    ),
    (
        "image_builds.fat.package_sources",
        {"secure": "v1:x"},
        "image_builds.fat.package_sources",
        "is encrypted, but is no secret",
        "--secret --path image_builds.<build>.package_sources.password",
    ),
    ("gateway_ip", "10.0.0", "gateway_ip", '"10.0.0" is not an IP address', "10.0.0.10"),
    ("ssh_allowed_cidrs.0", "10.0.0.1/8", "ssh_allowed_cidrs[0]", '"10.0.0.1/8" is not a network', "no host bits"),
    ("ssh_allowed_cidrs", "10.0.0.0/8", "ssh_allowed_cidrs", '"10.0.0.0/8" is not a list', "write a list of network"),
    ("compute", "general", "compute", '"general" is not a mapping', "write entries below it, group: settings"),
    ("compute", '{"general": ', "compute", "the text in it is not valid JSON", "YAML"),
    ("features", True, "features", "true is not a mapping", "write settings below it: rebuild, monitoring"),
    ("compute.gpu.flavor", DELETE, "compute.gpu.flavor", "required, but not set", "Nova flavor"),
    ("compute.gpu.flavor", None, "compute.gpu.flavor", "has no value", "or remove the line"),
    ("compute.gpu.flavor", 8, "compute.gpu.flavor", "8 is not text", 'put it in quotes: "8"'),
    ("compute.gpu.flavor", " m1", "compute.gpu.flavor", '" m1" is not a name in OpenStack', "as OpenStack shows it"),
    ("compute.gpu.flavour", "x", "compute.gpu.flavour", "unknown setting", "did you mean 'flavor'?"),
    ("compute.gpu.fip_network", "x", "compute.gpu.fip_network", "unknown setting", "did you mean"),
    ("login.entry.ignore_image_changes", True, "login.entry.ignore_image_changes", "unknown setting", "did you mean"),
    ("compute.GPU", {"nodes": ["x"], "flavor": "f"}, "compute.GPU", 'the key "GPU" is not a group name', "lower-case"),
    ("compute.gpu.nodes", "g-0", "compute.gpu.nodes", '"g-0" is not a list', "[..., ...]"),
    ("compute.gpu.nodes", ["g-[9-0]"], "compute.gpu.nodes[0]", '"g-[9-0]" is not a node name', "c-[0-15,20]"),
    ("compute.gpu.nodes", ["g-[0-99999]"], "compute.gpu.nodes[0]", "is not a node name", "c-[0-15,20]"),
    ("compute.gpu.image_id", "debian", "compute.gpu.image_id", '"debian" is not an id in OpenStack', "an id as"),
    ("compute.gpu.vnic_types", {"cluster": "dirct"}, "compute.gpu.vnic_types.cluster", '"dirct"', "mean 'direct'?"),
    (
        "compute.general.compute_init_enable",
        ["compute", "nsf"],
        "compute.general.compute_init_enable[1]",
        '"nsf" is not among what is allowed',
        "did you mean 'nfs'?",
    ),
    ("compute.gpu.nodename_template", "x.internal", "compute.gpu.nodename_template", "not a template", "${node}"),
    (
        "cluster_networks.0.create.cidr",
        "10.20.0.0",
        "cluster_networks[0].create.cidr",
        "is not a network",
        "10.0.0.0/24",
    ),
    ("cluster_image", {}, "cluster_image", "a mapping does not name one image", "exactly one of id, name and build"),
    ("cluster_image", {"id": "x"}, "cluster_image.id", '"x" is not an id in OpenStack', "an id as"),
    ("cluster_image", ["x"], "cluster_image", "a list is not a mapping", "id, name, build"),
    ("key_pair", {"name": "x", "public_key": KEY, "public_key_file": "y"}, "key_pair", "two public keys", "not both"),
    ("key_pair", {}, "key_pair", "names no key", "public_key to create one"),
    ("key_pair.public_key", "ssh-dss AAAA", "key_pair.public_key", "is not an OpenSSH public key", "ssh-ed25519 AAAA"),
    ("users.alice.uid", 0, "users.alice.uid", "0 is out of bounds", "1001 to 2147483646"),
    ("users.alice.shell", "bash", "users.alice.shell", '"bash" is not an absolute path', "starts with '/'"),
    ("slurm.partitions.all.max_time", "24855-0", "slurm.partitions.all.max_time", "is not a Slurm time", "24854 days"),
    ("slurm.resume_timeout", 65534, "slurm.resume_timeout", "is out of bounds", "1 to 65533"),
    ("slurm.partitions.all.max_time", "1:2:3", "slurm.partitions.all.max_time", "is not a Slurm time", "days-hours"),
    ("slurm.options.Bad Key", "x", 'slurm.options["Bad Key"]', "is not an option of slurm.conf", "SchedulerParameters"),
    ("rollout.max_unavailable", "110%", "rollout.max_unavailable", '"110%" is not a number of nodes', "3, or 25%"),
    ("rollout.via", "ssh", "rollout.via", '"ssh" is not among what is allowed', "allowed: reboot, job"),
    (
        "image_builds.fat.package_sources.mirror",
        "https://me:hunter2@mirror.example.org",
        "image_builds.fat.package_sources.mirror",
        "the value (not shown: it contains credentials) is not a web address",
        "settings of their own",
    ),
    ("chrony_servers", ["-x"], "chrony_servers[0]", '"-x" is not a host name', "ntp.example.org"),
    ("vnic_types.a\nb", "direct", r'vnic_types["a\nb"]', r'the key "a\nb" is not a name', "as OpenStack shows"),
]


@pytest.mark.parametrize(("change", "value", "path", "what", "remedy"), ONE_SETTING)
def test_a_mistake_in_one_setting(change: str, value: Any, path: str, what: str, remedy: str) -> None:
    [problem] = problems_of(changed(change, value))
    assert problem.path == path
    assert what in problem.what
    assert remedy in problem.remedy


def test_a_mistyped_name_is_not_reported_as_missing_too() -> None:
    tree = changed("compute.gpu.flavor", DELETE)
    tree["compute"]["gpu"]["flavour"] = "g1.large"
    [problem] = problems_of(tree)
    assert problem.path == "compute.gpu.flavour"
    assert "'flavor'" in problem.remedy


def test_mistakes_in_different_places_are_all_reported_in_the_order_of_the_schema() -> None:
    tree = smallest(
        cluster_name="Demo",
        cluster_networks=[{"network": "cluster", "subnett": "x"}],
        compute={
            "default": {"nodes": ["c-0"], "flavor": "f", "ip_addresses": {"clusterr": ["10.0.0.1", "10.0.0.2"]}},
            "other": {"nodes": ["c-0"], "flavour": "f"},
        },
        users={"bob": {"uid": 2000}, "carol": {"uid": 2000, "shell": 1}},
        rollout={"batch": "many"},
    )
    assert [problem.path for problem in problems_of(tree)] == [
        "cluster_name",
        "cluster_networks[0].subnett",
        "compute.default",
        "compute.default.ip_addresses.clusterr",
        "compute.default.ip_addresses.clusterr",
        "compute.other.flavour",
        "compute.other.nodes",
        "users.carol.shell",
        "users.carol.uid",
        "rollout.batch",
    ]


def test_values_of_settings_that_came_encrypted_are_not_shown() -> None:
    tree = smallest(state_dir="s3cret", chrony_servers=["s3cret!"])
    problems = problems_of(tree, secret=frozenset({"state_dir", "chrony_servers"}))
    assert [problem.path for problem in problems] == ["state_dir", "chrony_servers[0]"]
    assert not any("s3cret" in str(problem) for problem in problems)


SECRETS_IN_WRONG_PLACES = [
    smallest(secrets={"munge_key": "s3cret"}),
    smallest(secrets={"munge_key": ["s3cret"]}),
    smallest(secrets={"munge_key": {"x": "s3cret"}}),
    smallest(secrets={"mungekey": "s3cret"}),
    smallest(secrets="s3cret"),
    smallest(secrets=["s3cret"]),
    smallest(secrets='{"munge_key": "s3cret"}'),
    smallest(image_builds="s3cret"),
    smallest(image_builds={"fat": "s3cret"}),
    smallest(image_builds={"fat": {"base_image": "x", "flavor": "f", "package_sources": "s3cret"}}),
    smallest(
        image_builds={
            "fat": {"base_image": "x", "flavor": "f", "package_sources": {"username": "x", "password": "s3cret"}}
        }
    ),
    smallest(key_pair={"public_key": "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cret"}),
]


@pytest.mark.parametrize("tree", SECRETS_IN_WRONG_PLACES)
def test_secrets_are_never_shown(tree: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(tree, "a test")
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value)


def test_long_values_are_cut() -> None:
    [problem] = problems_of(smallest(cluster_domain_suffix="A" * 5000))
    assert len(problem.what) < 120
