"""Names of the reference appliance: what is said of each is true, and no other guess is made."""

import re
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.config.catalog import settings
from slurm_appliance.config.causes import by_cause
from slurm_appliance.config.reference_names import ReferenceSetting, reference_setting, table
from slurm_appliance.errors import ConfigError, Problem
from tests.unit.slurm_appliance.config.examples import smallest

PATHS = {setting.path for setting in settings()}
TOP = {setting.location[0] for setting in settings()}
#: Named by their last word only, inside a section that people copied.
INSIDE = {"groups", "max_time", "options"}


@pytest.mark.parametrize("entry", table(), ids=lambda entry: entry.name)
def test_what_is_said_of_a_name(entry: ReferenceSetting) -> None:
    assert entry.ours or entry.note
    assert not entry.ours or entry.ours in PATHS | INSIDE
    assert entry.name not in TOP


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("sssd_conf", "here it is identity"),
        ("openhpc_nodegroups", "here it is slurm.nodegroups"),
        ("openhpc_ram_multiplier", "memory_percent"),
        ("openhpc_something_else", "here it is slurm"),
        ("control_node_hypervisor_hostname", "control_hypervisor_hostname"),
        ("proxy_http_address", "here it is proxy.http"),
        ("resolv_conf_servers", "resolv_conf"),
        ("os_manila_mount_shares", "cephfs"),
        ("basic_users_users", "here it is users"),
        ("hooks", "files of the site's own layer"),
    ],
)
def test_names_that_people_bring(name: str, advice: str) -> None:
    found = reference_setting(name)
    assert found is not None
    assert advice in found.advice
    assert advice in problems_of(**{name: []})[0].remedy


def test_names_that_nobody_knows() -> None:
    assert reference_setting("flavors") is None


def problems_of(**changes: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        from_mapping(smallest(**changes), "a test")
    return list(caught.value.problems)


def group(**more: Any) -> dict[str, Any]:
    return {"nodes": [], "flavor": "f", **more}


@pytest.mark.parametrize(
    ("changes", "path", "remedy"),
    [
        ({"compute": {"a": group(inventory_groups=["x"])}}, "compute.a.inventory_groups", "nodes are in the groups of"),
        (
            {"users": {"alice": {"uid": 2001, "password": "x"}}},
            "users.alice.password",
            "users have no passwords here: they log in with",
        ),
        (
            {"compute": {"a": group(compute_init_enable=["compute", "sssd"])}},
            "compute.a.compute_init_enable[1]",
            "here it is identity: see docs/identity.md; allowed: ",
        ),
        (
            {"image_builds": {"cuda": {"base_image": {"build": "fat"}, "flavor": "f"}}},
            "image_builds.cuda.base_image.build",
            "add it to image_builds",
        ),
        ({"home_volume_size": 0}, "home_volume_size", "here it is home_volume_provisioning: write none"),
        (
            {"cluster_nodename_template": "x-$${node}"},
            "cluster_nodename_template",
            "write ${...} with one dollar sign: $${...} is HCL's",
        ),
    ],
)
def test_messages_that_used_to_mislead(changes: dict[str, Any], path: str, remedy: str) -> None:
    [problem] = problems_of(**changes)
    assert problem.path == path
    assert problem.remedy.startswith(remedy)


def test_an_empty_text_is_no_value_in_a_group_either() -> None:
    config = from_mapping(smallest(compute={"a": group(root_volume_type="", gateway_ip="")}), "a test")
    assert config.compute["a"].root_volume_type is None


def test_one_cause_in_forty_places_is_reported_once() -> None:
    [problem] = problems_of(compute={f"g{number:02}": group(hypervisor="h") for number in range(40)})
    assert problem.path == "compute.g00.hypervisor"
    assert "40" in problem.what
    assert re.findall(r"compute\.g\d\d", problem.what) == ["compute.g01", "compute.g02", "compute.g03"]
    assert problem.what.endswith(" 36 more")


def test_different_causes_and_few_places_stay_as_they_are_and_in_order() -> None:
    different = [Problem(f"compute.g{number}.flavor", f"{number} is not text", "write a text") for number in range(9)]
    few = [Problem(f"compute.g{number}.nodes", "is empty", "x") for number in range(3)]
    assert by_cause([*different, *few]) == [*different, *few]
    assert by_cause([]) == []
