"""Entries of compute_init_enable that roles of a site's own layer declare."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import ClusterConfig, boot_roles, from_mapping, from_stack_file
from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.deployment.recorded_settings import recorded_settings, setting_changes
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.nodes.groups import groups
from slurm_appliance.site.inventory import Inventory
from slurm_appliance.site_repository.entries import own_entries
from tests.unit.slurm_appliance.config.examples import smallest
from tests.unit.slurm_appliance.site_layer.trees import STACK, repository

FILES = {
    "site/roles/client/meta/node_variables.yml": "compute_init: scratch\nnode_variables: []\n",
    "site/roles/tuning/meta/node_variables.yml": "compute_init: tuning\nnode_variables: []\n",
    "site/roles/other/meta/node_variables.yml": "compute_init: nfs\nnode_variables: []\n",
    "site/roles/broken/meta/node_variables.yml": "[compute_init\n",
    "site/roles/image_only/tasks/main.yml": "[]",
    f"environments/{STACK}/roles/tuning/meta/node_variables.yml": "compute_init: latency\nnode_variables: []\n",
}


def stack(folder: Path, entries: list[str] | None, **changes: Any) -> Path:
    """A stack file in a repository with such roles."""
    group = {"nodes": ["c-0"], "flavor": "f"} | ({} if entries is None else {"compute_init_enable": entries})
    settings = smallest(compute={"general": group}, **changes)
    path = repository(folder, FILES) / f"Pulumi.{STACK}.yaml"
    path.write_text(yaml.safe_dump({"config": {f"slurm-appliance:{key}": value for key, value in settings.items()}}))
    return path


def entries_of(config: ClusterConfig) -> tuple[str, ...]:
    return boot_roles(config, config.compute["general"])


def problems_of(path: Path) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        from_stack_file(path)
    return list(caught.value.problems)


def test_what_the_roles_of_both_layers_declare(tmp_path: Path) -> None:
    stacks = repository(tmp_path, FILES)
    assert own_entries(stacks, STACK) == {"scratch", "latency", "nfs"}
    assert own_entries(stacks, "other") == {"scratch", "tuning", "nfs"}


def test_a_group_that_names_one_runs_it(tmp_path: Path) -> None:
    config = from_stack_file(stack(tmp_path, ["compute", "scratch"]))
    assert entries_of(config) == ("compute", "scratch", "nhc")
    (group,) = [each for each in groups(config) if each.name == "general"]
    assert group.boot_roles == ("compute", "scratch", "nhc")
    variables = Inventory(config, ()).tree()["all"]["children"]["general"]["vars"]
    assert variables["compute_init_enable"] == ["compute", "scratch", "nhc"]


def test_a_group_that_says_nothing_runs_all(tmp_path: Path) -> None:
    config = from_stack_file(stack(tmp_path, None))
    assert set(entries_of(config)) == {*ComputeInitRole, "scratch", "latency"}
    assert len(entries_of(config)) == len(set(entries_of(config)))


def test_unknown_ones_are_refused_with_those_that_there_are(tmp_path: Path) -> None:
    [problem] = problems_of(stack(tmp_path, ["compute", "tuning"]))
    assert problem.path == "compute.general.compute_init_enable[1]"
    assert {"compute", "scratch", "latency"} <= set(problem.remedy.replace(",", "").split())


def test_with_other_mistakes_they_are_still_known(tmp_path: Path) -> None:
    [problem] = problems_of(stack(tmp_path, ["compute", "scratch"], cluster_name="Not_A_Name"))
    assert problem.path == "cluster_name"


def test_the_state_explains_changes_of_them(tmp_path: Path) -> None:
    before = from_stack_file(stack(tmp_path, ["compute", "scratch"]))
    outputs = {"settings": recorded_settings(before)}
    state = {"resources": [{"type": "slurm-appliance:index:Cluster", "outputs": outputs}]}
    assert json.loads(outputs["settings"])["compute"]["general"]["compute_init_enable"] == ["compute", "scratch"]
    after = from_stack_file(stack(tmp_path, ["compute", "latency"]))
    assert [change.path for change in setting_changes(state, after)] == ["compute.general.compute_init_enable"]


def test_without_a_layer_there_are_none() -> None:
    group = {"nodes": ["c-0"], "flavor": "f", "compute_init_enable": ["compute", "scratch"]}
    with pytest.raises(ConfigError):
        from_mapping(smallest(compute={"general": group}), "a test")
