"""What follows from a configuration about nodes and their names."""

import pytest

from slurm_appliance.config import (
    ClusterConfig,
    NodeKind,
    all_nodes,
    cluster_image,
    from_mapping,
    group_image,
    group_nodes,
    partitions,
)
from slurm_appliance.config.hostlist import MOST_NODES, expand, is_hostlist
from slurm_appliance.config.paths import look_up, parse, render
from slurm_appliance.config.slurm import DEFAULT_PARTITION
from slurm_appliance.config.template import fill, is_node_name_template, placeholders
from tests.unit.slurm_appliance.config.examples import largest, smallest


def config_of(**changes: object) -> ClusterConfig:
    return from_mapping(smallest(**changes), "a test")


def test_nodes_their_groups_and_names() -> None:
    nodes = all_nodes(from_mapping(largest(), "a test"))
    assert [(node.kind, node.group, node.name) for node in nodes] == [
        (NodeKind.CONTROL, "control", "control"),
        (NodeKind.LOGIN, "entry", "login-0"),
        (NodeKind.COMPUTE, "general", "c-0"),
        (NodeKind.COMPUTE, "general", "c-1"),
        (NodeKind.COMPUTE, "general", "c-7"),
        (NodeKind.COMPUTE, "gpu", "g-0"),
        (NodeKind.ADDITIONAL, "squid", "squid-0"),
    ]
    assert nodes[0].fqdn == "demo-control.test.hpc.example.org"
    assert nodes[0].hostname == "demo-control"


def test_a_group_may_name_its_nodes_otherwise() -> None:
    group = {"nodes": ["c-0"], "flavor": "f", "nodename_template": "${node}-x.${cluster_name}"}
    config = config_of(compute={"a": group, "b": group | {"nodes": ["d-0"], "nodename_template": None}})
    names = {node.fqdn for node in group_nodes(config, NodeKind.COMPUTE, "a", config.compute["a"])}
    assert names == {"c-0-x.demo"}
    assert [node.hostname for node in all_nodes(config)] == ["demo-control", "c-0-x", "demo-d-0"]


def test_images_of_the_cluster_and_of_groups() -> None:
    identity = "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"
    groups = {
        "a": {"nodes": ["a-0"], "flavor": "f"},
        "b": {"nodes": ["b-0"], "flavor": "f", "image_id": identity},
        "c": {"nodes": ["c-0"], "flavor": "f", "image": {"name": "other"}},
    }
    config = config_of(compute=groups, cluster_image=None, cluster_image_id=identity)
    assert cluster_image(config).id == identity
    assert group_image(config, config.compute["a"]).id == identity
    assert group_image(config, config.compute["b"]).id == identity
    assert group_image(config, config.compute["c"]).name == "other"


def test_partitions_that_nobody_has_to_write() -> None:
    groups = {name: {"nodes": [f"{name}-0"], "flavor": "f"} for name in ("a", "b")}
    [(name, partition)] = partitions(config_of(compute=groups)).items()
    assert name == DEFAULT_PARTITION
    assert partition.groups == ("a", "b")
    assert partition.default
    assert partitions(config_of()) == {}


def test_a_single_partition_is_the_default() -> None:
    groups = {"a": {"nodes": ["a-0"], "flavor": "f"}}
    config = config_of(compute=groups, slurm={"partitions": {"short": {"groups": ["a"]}}})
    assert partitions(config)["short"].default


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        (["c-0"], ("c-0",)),
        (["b-1", "a-0"], ("b-1", "a-0")),
        (["c-[0-2]"], ("c-0", "c-1", "c-2")),
        (["c-[8-11]"], ("c-8", "c-9", "c-10", "c-11")),
        (["c-[08-11]"], ("c-08", "c-09", "c-10", "c-11")),
        (["c-[00-02]"], ("c-00", "c-01", "c-02")),
        (["c-[0,5,7-8]-ib"], ("c-0-ib", "c-5-ib", "c-7-ib", "c-8-ib")),
        (["rack[0-1]n[0-1]"], ("rack0n0", "rack0n1", "rack1n0", "rack1n1")),
        (["rack[1-2]-n[08-10]-ib"], tuple(f"rack{r}-n{n}-ib" for r in (1, 2) for n in ("08", "09", "10"))),
        (["x", "c-[0-1]", "a"], ("x", "c-0", "c-1", "a")),
        ([], ()),
    ],
)
def test_host_lists(entries: list[str], names: tuple[str, ...]) -> None:
    assert all(map(is_hostlist, entries))
    assert expand(entries) == names


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "C-0",
        "c_0",
        "c-[",
        "c-[]",
        "c-[a]",
        "c-[1-0]",
        "c-[0-1][0-1]",
        "c,d",
        "@group",
        "c*",
        "c-[08-9]",
        "c-[0-05]",
        "c-[0-1]0[1-2]",
        "c-[0-999]n[0-999]",
        "c-[0]]",
        "c 0",
        "c-[0-99999]",
    ],
)
def test_what_is_no_host_list(entry: str) -> None:
    assert not is_hostlist(entry)


def test_the_longest_host_list() -> None:
    assert len(expand([f"c-[1-{MOST_NODES}]"])) == MOST_NODES


def test_templates() -> None:
    assert fill("${a}-$${a}-${b}-$a", {"a": "1"}) == "1-${a}-${b}-$a"
    assert placeholders("${a} ${b} $c") == {"a", "b"}
    assert is_node_name_template("x-${node}.${cluster_name}")
    for wrong in ("node", "${node}.${nonsense}", "a.${node}", "${node} x", "${node}..x", "A${node}", "${node"):
        assert not is_node_name_template(wrong)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (("a", "b"), "a.b"),
        (("a", 0, "b"), "a[0].b"),
        (("a", "b.c", "d"), 'a["b.c"].d'),
        (("a", "b c"), 'a["b c"]'),
        (("a", "b:c"), 'a["b:c"]'),
        ((":", 0), '[":"][0]'),
        ((), ""),
    ],
)
def test_paths(location: tuple[str | int, ...], path: str) -> None:
    assert render(location) == path
    assert parse(path) == location
    assert parse(f"slurm-appliance:{path}") == location


def test_paths_that_are_none() -> None:
    assert parse("a[") is None
    assert look_up({"a": [{"b": 1}]}, ("a", 0, "b")) == 1
    for wrong in (("a", 1), ("a", "b"), ("c",), ("a", 0, "b", "c")):
        with pytest.raises(LookupError):
            look_up({"a": [{"b": 1}]}, wrong)
