"""Names of groups and nodes."""

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.checks.mistakes import Mistake, check, group
from tests.unit.slurm_appliance.config.examples import smallest

MISTAKES: list[Mistake] = [
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
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[1]}: {mistake[2]}")
def test_names_that_cannot_be(mistake: Mistake) -> None:
    check(mistake)


def test_many_nodes_with_the_same_mistake_are_one_problem() -> None:
    groups = {"a": group("c-[0-999]"), "b": group("c-[0-999]")}
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(compute=groups), "a test")
    [problem] = caught.value.problems
    assert "demo-c-0, demo-c-1, demo-c-2, demo-c-3, demo-c-4 and 995 more" in problem.what
