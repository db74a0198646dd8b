"""What compute nodes get of a layer: which files, which variables, and how much."""

import json
from pathlib import Path

import pytest

from node.compute_init.signature import METADATA as BUNDLE_KEY
from node.compute_init.site_layer import NodeLayer
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.layers import site_layer
from slurm_appliance.site_layer.node_part import MOST_BYTES
from tests.unit.slurm_appliance.site_layer.trees import STACK, layer_of, repository

OWN = f"environments/{STACK}"
HOOKS = "hooks/compute-init"
PLAY = "- hosts: localhost\n"


def received(folder: Path, files: dict[str, str]) -> NodeLayer:
    return NodeLayer.of(layer_of(folder, files).node)


def test_hooks_of_both_layers_and_one_of_each_role_and_file_reach_the_node(tmp_path: Path) -> None:
    files = {
        f"site/{HOOKS}/pre.yml": PLAY,
        f"site/{HOOKS}/tasks/x.yml": "[]",
        f"{OWN}/{HOOKS}/pre.yml": PLAY,
        f"{OWN}/{HOOKS}/post.yml": PLAY,
        "site/roles/own/tasks/main.yml": "[]",
        "site/roles/own/tasks/more.yml": "[]",
        f"{OWN}/roles/own/tasks/main.yml": "[own]",
        "site/files/a": "shared",
        f"{OWN}/files/a": "own",
        "site/hooks/site/pre.yml": PLAY,
        "site/hooks/image/pre.yml": PLAY,
        "site/group_vars/all.yml": "password: x\n",
    }
    (tmp_path / "site/files").mkdir(parents=True)
    layer = received(tmp_path, files)
    assert layer.hooks("pre") == [f"site/{HOOKS}/pre.yml", f"environment/{HOOKS}/pre.yml"]
    assert layer.hooks("post") == [f"environment/{HOOKS}/post.yml"]
    contents = {member.path: member.content for member in layer.members}
    assert contents == {
        f"site/{HOOKS}/pre.yml": PLAY.encode(),
        f"site/{HOOKS}/tasks/x.yml": b"[]",
        f"environment/{HOOKS}/pre.yml": PLAY.encode(),
        f"environment/{HOOKS}/post.yml": PLAY.encode(),
        "roles/own/tasks/main.yml": b"[own]",
        "files/a": b"own",
    }


def test_a_node_writes_what_the_site_has_with_its_modes(tmp_path: Path) -> None:
    layer_of(tmp_path, {f"site/{HOOKS}/pre.yml": PLAY, "site/files/tool": "#!/bin/sh\n"})
    (tmp_path / "site/files/tool").chmod(0o755)
    target = tmp_path / "node"
    received(tmp_path, {}).write(target, tmp_path / "group_vars")
    assert (target / "files/tool").read_text() == "#!/bin/sh\n"
    modes = {path.name: path.stat().st_mode & 0o777 for path in target.rglob("*") if path.is_file()}
    assert modes == {"tool": 0o700, "pre.yml": 0o600}


def test_variables_of_the_environment_replace_the_shared_ones(tmp_path: Path) -> None:
    files = {
        f"site/{HOOKS}/pre.yml": PLAY,
        f"site/{HOOKS}/vars.yml": "a: shared\nb: {c: [1, true]}\n",
        f"{OWN}/{HOOKS}/vars.yml": "a: '{{ own }}'\n",
    }
    assert received(tmp_path, files).variables == {"a": "{{ own }}", "b": {"c": [1, True]}}


@pytest.mark.parametrize("name", ["pre.yml", "post.yml"])
def test_without_a_hook_nothing_reaches_nodes(tmp_path: Path, name: str) -> None:
    files = {"site/hooks/site/pre.yml": PLAY, "site/files/a": "a", f"site/{HOOKS}/vars.yml": "a: 1\n"}
    assert layer_of(tmp_path / "a", files).node == b""
    assert layer_of(tmp_path / "b", {**files, f"site/{HOOKS}/{name}": PLAY}).node != b""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"site/{HOOKS}/vars.yml", "[1]\n"),
        (f"site/{HOOKS}/vars.yml", "a: !vault x\n"),
        (f"site/{HOOKS}/vars.yml", "a: 2026-01-01\n"),
        (f"site/{HOOKS}/vars.yml", "not-a-name: 1\n"),
        (f"site/{HOOKS}/vars.yml", "site_layer_files: /\n"),
        ("site/roles/own/vars/main.yml", "$ANSIBLE_VAULT;1.1;AES256\n"),
    ],
)
def test_what_a_node_cannot_use_is_refused_before_the_first_change(tmp_path: Path, path: str, text: str) -> None:
    stacks = repository(tmp_path, {f"site/{HOOKS}/pre.yml": PLAY, path: text})
    with pytest.raises(SiteLayerError) as caught:
        site_layer(stacks, STACK)
    assert caught.value.where == str(tmp_path / path)


def test_too_much_is_refused_with_the_largest_files(tmp_path: Path) -> None:
    stacks = repository(
        tmp_path,
        {f"site/{HOOKS}/pre.yml": PLAY, "site/files/large": "x" * MOST_BYTES, "site/files/small": "x"},
    )
    with pytest.raises(SiteLayerError, match=f"{tmp_path}/site/files/large .{MOST_BYTES}."):
        site_layer(stacks, STACK)
    (tmp_path / f"site/{HOOKS}/pre.yml").unlink()
    assert site_layer(stacks, STACK) is not None, "nothing of it reaches nodes"


def test_a_path_that_nodes_would_refuse_is_refused_before_the_first_change(tmp_path: Path) -> None:
    stacks = repository(tmp_path, {f"site/{HOOKS}/pre.yml": PLAY, "site/files/a\\b": "x"})
    with pytest.raises(SiteLayerError):
        site_layer(stacks, STACK)


DECLARATION = "roles/own/meta/node_variables.yml"


def test_a_declared_role_is_run_by_nodes_without_a_hook(tmp_path: Path) -> None:
    files = {
        f"site/{DECLARATION}": "compute_init: nfs\nnode_variables: [scratch_server]\n",
        "site/roles/own/tasks/main.yml": "[]",
        "site/roles/other/tasks/main.yml": "[]",
    }
    made = layer_of(tmp_path, files)
    assert [(role.name, role.variables) for role in made.node_roles] == [("own", frozenset({"scratch_server"}))]
    assert NodeLayer.of(made.node).entries == {"own": "nfs"}
    assert json.loads(made.node)["form"] == 2


def test_an_older_image_reads_a_layer_without_such_roles(tmp_path: Path) -> None:
    made = layer_of(tmp_path, {f"site/{HOOKS}/pre.yml": PLAY})
    assert json.loads(made.node).keys() == {"form", "variables", "files"}
    assert json.loads(made.node)["form"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "compute_init: nfs\n",
        "compute_init: nfz\nnode_variables: []\n",
        "compute_init: nfs\nnode_variables: x",
        "compute_init: nfs\nnode_variables: []\nfiles: [hosts]\n",
    ],
)
def test_a_declaration_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SiteLayerError) as refused:
        layer_of(tmp_path, {f"site/{DECLARATION}": text})
    assert refused.value.where == str(tmp_path / "site" / DECLARATION)


def test_the_environments_role_says_what_it_needs(tmp_path: Path) -> None:
    declared = {f"site/{DECLARATION}": "compute_init: nfs\nnode_variables: []\n"}
    made = layer_of(tmp_path, {**declared, f"{OWN}/roles/own/tasks/main.yml": "[]"})
    assert made.node_roles == ()


def test_a_role_may_declare_an_entry_of_the_sites_own(tmp_path: Path) -> None:
    made = layer_of(tmp_path, {f"site/{DECLARATION}": "compute_init: scratch\nnode_variables: [scratch_server]\n"})
    assert [role.compute_init for role in made.node_roles] == ["scratch"]
    assert NodeLayer.of(made.node).entries == {"own": "scratch"}


@pytest.mark.parametrize("entry", ["access_ip", "state_dir", BUNDLE_KEY, "Scratch", "a-b", "comptue"])
def test_names_that_no_entry_can_have(tmp_path: Path, entry: str) -> None:
    with pytest.raises(SiteLayerError) as refused:
        layer_of(tmp_path, {f"site/{DECLARATION}": f"compute_init: {entry}\nnode_variables: []\n"})
    assert refused.value.where == str(tmp_path / "site" / DECLARATION)
