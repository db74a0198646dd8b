"""What a change of the configuration would do, said before it is done."""

from typing import Any

import pytest

from slurm_appliance.config import UpdatePolicy, from_mapping
from slurm_appliance.config.changes import SettingChange, changes
from tests.unit.slurm_appliance.config.examples import largest, smallest


def between(old: dict[str, Any], new: dict[str, Any]) -> list[SettingChange]:
    return list(changes(from_mapping(old, "old"), from_mapping(new, "new")))


def test_nothing_changed() -> None:
    assert between(largest(), largest()) == []
    assert between(smallest(), smallest(state_volume_size=150)) == [], "a default that is written out is no change"


def group(*nodes: str, **settings: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "flavor": "m1", **settings}


# Settings before and after, on top of the smallest configuration; path, old, new, policy and part of the consequence.
CASES = [
    ({}, {"cluster_name": "new"}, "cluster_name", "demo", "new", "replace", "Deleted and created anew"),
    ({}, {"state_volume_size": 200}, "state_volume_size", 150, 200, "live", "A volume cannot shrink"),
    ({}, {"slurm": {"resume_timeout": 60}}, "slurm.resume_timeout", 900, 60, "rerun-playbook", "jobs run on"),
    ({}, {"slurm": {"options": {"X": 1}}}, "slurm.options", {}, {"X": "1"}, "rerun-playbook", "site.yml"),
    ({}, {"cluster_image": "b"}, "cluster_image", {"name": "slurm-2026-11"}, {"name": "b"}, "rebuild", "now: control."),
    (
        {"compute": {"a": group("c-[0-1]")}},
        {"compute": {"a": group("c-[0-1]", "c-[2-9]")}},
        "compute.a.nodes",
        ["c-0", "c-1"],
        [f"c-{number}" for number in range(10)],
        "rerun-playbook",
        "Created, and brought in by site.yml: c-[2-9]. Other nodes are left alone.",
    ),
    (
        {"compute": {"a": group("c-0", "c-1")}},
        {"compute": {"a": group("c-0")}},
        "compute.a.nodes",
        ["c-0", "c-1"],
        ["c-0"],
        "replace",
        "Deleted with their root disks: c-1. Drain them first.",
    ),
    (
        {"compute": {"a": group("c-0", "c-1")}},
        {"compute": {"a": group("c-1", "c-0")}},
        "compute.a.nodes",
        ["c-0", "c-1"],
        ["c-1", "c-0"],
        "live",
        "Only the order",
    ),
    (
        {"compute": {"a": group("c-0")}},
        {"compute": {"a": group("c-0", flavor="m2")}},
        "compute.a.flavor",
        "m1",
        "m2",
        "rebuild",
        "Nova resizes the servers",
    ),
    (
        {"compute": {"a": group("c-0")}},
        {"compute": {"a": group("c-0", ignore_image_changes=True)}},
        "compute.a.ignore_image_changes",
        False,
        True,
        "live",
        "No server changes",
    ),
    (
        {"compute": {"a": group("c-0", image="x")}},
        {"compute": {"a": group("c-0", image="y")}},
        "compute.a.image",
        {"name": "x"},
        {"name": "y"},
        "rebuild",
        "Rebuilt in place now: compute a; jobs on the compute nodes among them are lost.",
    ),
    (
        {"compute": {"a": group("c-0", image="x", ignore_image_changes=True)}},
        {"compute": {"a": group("c-0", image="y", ignore_image_changes=True)}},
        "compute.a.image",
        {"name": "x"},
        {"name": "y"},
        "rebuild",
        "Left running until Slurm reboots them: compute a.",
    ),
    (
        {"compute": {"a": group("c-0", image="x", volume_backed_instances=True)}},
        {"compute": {"a": group("c-0", image="y", volume_backed_instances=True)}},
        "compute.a.image",
        {"name": "x"},
        {"name": "y"},
        "rebuild",
        "On volumes, so deleted and created anew: compute a.",
    ),
    (
        {"cluster_networks": [{"network": "a"}]},
        {"cluster_networks": [{"network": "a", "no_security_groups": True}]},
        "cluster_networks[0].no_security_groups",
        False,
        True,
        "live",
        "no node",
    ),
    (
        {"users": {"bob": {"uid": 2000}}},
        {"users": None},
        "users.bob",
        {"uid": 2000, "gid": None, "comment": None, "ssh_keys": [], "shell": "/bin/bash", "groups": [], "sudo": False,
         "slurm_admin": False, "slurm_accounts": []},
        None,
        "rerun-playbook",
        "locked out",
    ),
    (
        {"secrets": {"monitoring_password": "correct horse"}},
        {"secrets": {"monitoring_password": "battery staple"}},
        "secrets.monitoring_password",
        "********",
        "********",
        "rerun-playbook",
        "site.yml runs again",
    ),
    (
        {"secrets": {"monitoring_password": {"secure": "v1:a"}}},
        {"secrets": {"monitoring_password": {"secure": "v1:b"}}},
        "secrets.monitoring_password",
        "********",
        "********",
        "rerun-playbook",
        "Encrypted, so it cannot be said",
    ),
    (
        {"environment_name": "a"},
        {"environment_name": "b"},
        "environment_name",
        "a",
        "b",
        "rerun-playbook",
        "No node's name has it",
    ),
    ({}, {"image_builds": {"x": {"base_image": "b", "flavor": "f"}}}, "image_builds.x", None, ..., "live", "Built"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "path", "old", "new", "policy", "consequence"), CASES)
def test_one_change(
    before: dict[str, Any], after: dict[str, Any], path: str, old: Any, new: Any, policy: str, consequence: str
) -> None:
    [change] = between(smallest(**before), smallest(**after))
    assert change.path == path
    assert change.old == old
    assert change.new == (change.new if new is ... else new)
    assert change.policy is UpdatePolicy(policy)
    assert consequence in change.consequence


def test_a_changed_build_says_who_boots_from_it() -> None:
    old, new = largest(), largest()
    new["image_builds"]["fat"]["extra_packages"] = ["htop"]
    [change] = between(old, new)
    assert change.path == "image_builds.fat.extra_packages"
    assert change.policy is UpdatePolicy.REBUILD
    assert change.consequence == (
        "Rebuilt in place now: login entry, additional squid. On volumes, so deleted and created anew: control."
    )


def test_a_change_of_the_build_server_alone_rebuilds_nothing() -> None:
    old, new = largest(), largest()
    new["image_builds"]["fat"]["flavor"] = "m1.huge"
    [change] = between(old, new)
    assert change.policy is UpdatePolicy.LIVE


def test_the_image_of_a_cluster_with_all_kinds_of_groups() -> None:
    groups = {
        "compute": {
            "kept": group("k-0", ignore_image_changes=True),
            "now": group("n-0"),
            "own": group("o-0", image="own"),
            "volume": group("v-0", volume_backed_instances=True),
        }
    }
    [change] = between(smallest(**groups), smallest(**groups, cluster_image="new"))
    assert change.consequence == (
        "Rebuilt in place now: control, compute now; jobs on the compute nodes among them are lost. "
        "On volumes, so deleted and created anew: compute volume. "
        "Left running until Slurm reboots them: compute kept."
    )


def test_groups_that_come_and_go() -> None:
    found = between(
        smallest(compute={"a": group("a-[0-3]")}, login={"l": group("l-0")}),
        smallest(compute={"b": group("b-[0-1]")}, login={"l": group("l-0")}),
    )
    assert [(change.path, change.policy) for change in found] == [
        ("compute.a", UpdatePolicy.REPLACE),
        ("compute.b", UpdatePolicy.RERUN_PLAYBOOK),
    ]
    assert "Deleted with their root disks: a-[0-3]." in found[0].consequence
    assert "Created, and brought in by site.yml: b-[0-1]." in found[1].consequence


def test_an_environment_that_is_in_names() -> None:
    template = {"cluster_nodename_template": "${node}.${environment_name}"}
    [change] = between(smallest(**template, environment_name="a"), smallest(**template, environment_name="b"))
    assert change.policy is UpdatePolicy.REPLACE
