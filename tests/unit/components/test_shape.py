"""The shape of a cluster: who belongs to whom, and that nodes have nothing to do with each other."""

import pulumi
import pytest

from components.cluster import Cluster
from tests.unit.components.clusters import COMPUTE, arguments, configured, recorded
from tests.unit.components.recorder import Record, record

_CLUSTER = "urn:pulumi:test::slurm-appliance::slurm-appliance:index:Cluster"


def test_urns_are_stable() -> None:
    urns = {(each.type.rpartition(":")[2], each.name): each.urn for each in recorded().records}
    assert urns["Cluster", "cluster"] == f"{_CLUSTER}::cluster"
    group = f"{_CLUSTER}$slurm-appliance:index:NodeGroup"
    assert urns["NodeGroup", "general"] == f"{group}::general"
    assert urns["Instance", "demo-c-0"].endswith("NodeGroup$openstack:compute/instance:Instance::demo-c-0")
    assert urns["Port", "demo-c-0.cluster"].endswith("NodeGroup$openstack:networking/port:Port::demo-c-0.cluster")
    assert urns["Volume", "state"].endswith("Storage$openstack:blockstorage/volume:Volume::state")
    assert urns["Command", "site"].endswith("Site$command:local:Command::site")


def test_one_component_a_group_and_none_a_node() -> None:
    records = recorded(compute={"general": {**COMPUTE, "nodes": ["c-[0-49]"]}}).records
    ours = [each.name for each in records if each.type.startswith("slurm-appliance:")]
    assert len(ours) == len(set(ours)) == 11


def test_nothing_of_the_callers_options_reaches_children() -> None:
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")], protect=True)
    everything = record(lambda: Cluster("cluster", arguments(configured()), options)).records
    assert [each.name for each in everything if each.aliases] == ["cluster"]


def _by_node(records: list[Record], node: str) -> list[Record]:
    return [each for each in records if each.name == node or each.name.startswith(f"{node}.")]


@pytest.mark.parametrize("nodes", [["c-0"], ["c-1", "c-0"], ["c-[0-5]"], ["a-0", "c-0", "z-0"]])
def test_other_nodes_do_not_change_a_node(nodes: list[str]) -> None:
    fixed = {"cluster": "10.0.0.10"}
    before = _by_node(recorded(preview=True, control_ip_addresses=fixed).records, "demo-c-0")
    group = {**COMPUTE, "nodes": nodes}
    changed = recorded(preview=True, control_ip_addresses=fixed, compute={"general": group})
    after = _by_node(changed.records, "demo-c-0")
    assert len(before) == 2
    for old, new in zip(before, after, strict=True):
        assert (old.urn, old.parent, old.ignore_changes) == (new.urn, new.parent, new.ignore_changes)
        assert {k: v for k, v in old.inputs.items() if k != "metadata"} == {
            k: v for k, v in new.inputs.items() if k != "metadata"
        }


def test_the_order_of_groups_does_not_matter() -> None:
    one = {"a": COMPUTE, "b": {**COMPUTE, "nodes": ["b-0"]}}
    names = [
        sorted(each.urn for each in recorded(compute=groups).records) for groups in (one, dict(reversed(one.items())))
    ]
    assert names[0] == names[1]


def _site(digest: str | None) -> dict[str, str]:
    made = record(lambda: Cluster("cluster", arguments(configured(), layer_digest=digest))).records
    (site,) = (each for each in made if each.type == "command:local:Command" and each.name == "site")
    environment: dict[str, str] = site.inputs["environment"]
    return environment


def test_the_sites_own_layer_is_a_reason_to_run_site_yml_only_where_there_is_one() -> None:
    before = _site(None)
    assert set(_site("d1gest").items()) - set(before.items()) == {("SLURM_APPLIANCE_LAYER", "d1gest")}
    assert not [name for name in before if "LAYER" in name]
