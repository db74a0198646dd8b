"""Which layers a stack has, what may be in them, and what their digests depend on."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from node.compute_init.site_layer import NodeLayer
from slurm_appliance.site.inventory import Inventory
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.group_vars import OWNED
from slurm_appliance.site_layer.layers import layer_of_file, site_layer
from slurm_appliance.site_layer.tree import HOOKS
from tests.unit.slurm_appliance.site.test_inventory import HOSTS, config
from tests.unit.slurm_appliance.site_layer.trees import STACK, layer_of, repository
from toolchain.paths import REPOSITORY

PLAY = "- hosts: all\n"
OWN = f"environments/{STACK}"
ROLE = "roles/own/tasks/main.yml"


def test_without_a_layer_there_is_none(tmp_path: Path) -> None:
    stacks = repository(tmp_path, {"environments/other/hooks/site/pre.yml": PLAY})
    assert site_layer(stacks, STACK) is None
    (tmp_path / "site" / "hooks").mkdir(parents=True)
    assert site_layer(stacks, STACK) is None


def test_the_checkouts_own_stacks_have_no_layer() -> None:
    assert site_layer(REPOSITORY / "stacks", "local") is None


def test_the_shared_hooks_come_first_and_the_environments_role_is_used(tmp_path: Path) -> None:
    made = layer_of(
        tmp_path,
        {
            "site/hooks/site/pre.yml": PLAY,
            f"{OWN}/hooks/site/pre.yml": PLAY,
            "site/hooks/site/post.yml": PLAY,
            f"site/{ROLE}": "[]",
            f"{OWN}/{ROLE}": "[]",
            "site/roles/shared/tasks/main.yml": "[]",
            "site/files/motd": "shared",
            f"{OWN}/files/motd": "own",
        },
    )
    assert [each.name for each in made.with_hook("site", "pre.yml")] == ["site", "environment"]
    assert [each.name for each in made.with_hook("site", "post.yml")] == ["site"]
    assert {name: each.name for name, each in made.roles.items()} == {"own": "environment", "shared": "site"}
    assert made.files["motd"].content == b"own"


def test_a_stack_file_has_the_layer_beside_its_folder(tmp_path: Path) -> None:
    stacks = repository(tmp_path, {f"{OWN}/hooks/site/pre.yml": PLAY})
    found = layer_of_file(stacks / f"Pulumi.{STACK}.yaml")
    assert found is not None
    assert found == site_layer(stacks, STACK)
    assert layer_of_file(stacks / "Pulumi.other.yaml") is None


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("site/hook/pre.yml", "site/hook"),
        ("site/hooks/sites/pre.yml", "site/hooks/sites"),
        ("site/hooks/pre.yml", "site/hooks/pre.yml"),
        ("site/hooks/site/post-bootsrap.yml", "site/hooks/site/post-bootsrap.yml"),
        (f"{OWN}/hooks/image/extras.yml", f"{OWN}/hooks/image/extras.yml"),
        ("site/hooks/compute-init/final.yml", "site/hooks/compute-init/final.yml"),
        ("site/hooks/site/pre.yml/main.yml", "site/hooks/site/pre.yml"),
        ("site/roles/slurmd/tasks/main.yml", "site/roles/slurmd"),
        ("site/group_vars/all.yml", "site/group_vars/all.yml"),
        (f"{OWN}/group_vars/all/x.yml", f"{OWN}/group_vars/all/x.yml"),
    ],
)
def test_what_nothing_would_use_or_must_not_be_used_is_refused(tmp_path: Path, path: str, named: str) -> None:
    stacks = repository(tmp_path, {path: "slurm: {}\n"})
    with pytest.raises(SiteLayerError) as caught:
        site_layer(stacks, STACK)
    assert caught.value.where == str(tmp_path / named)


@pytest.mark.parametrize(
    "path", ["site/README.md", "site/.github/x", "site/hooks/site/tasks/users.yml", "site/hooks/image/.gitkeep"]
)
def test_what_is_beside_the_hooks_is_accepted(tmp_path: Path, path: str) -> None:
    layer_of(tmp_path, {"site/hooks/site/pre.yml": PLAY, path: "x"})


def test_a_misspelt_phase_is_answered_with_the_phases(tmp_path: Path) -> None:
    with pytest.raises(SiteLayerError) as caught:
        site_layer(repository(tmp_path, {"site/hooks/site/prae.yml": PLAY}), STACK)
    assert all(name in caught.value.remedy for name in HOOKS["site"])


def _leaving(folder: Path, outside: Path) -> None:
    (folder / "x").symlink_to(outside)


def _circle(folder: Path, _outside: Path) -> None:
    (folder / "x").symlink_to(folder)


def _broken(folder: Path, _outside: Path) -> None:
    (folder / "x").symlink_to(folder / "nothing")


def _pipe(folder: Path, _outside: Path) -> None:
    os.mkfifo(folder / "x")


@pytest.mark.parametrize("make", [_leaving, _circle, _broken, _pipe])
def test_links_that_leave_the_layer_and_special_files_are_refused(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    stacks = repository(tmp_path, {"site/files/a": "a"})
    make(tmp_path / "site" / "files", tmp_path / "stacks")
    with pytest.raises(SiteLayerError) as caught:
        site_layer(stacks, STACK)
    assert caught.value.where.startswith(str(tmp_path / "site/files/x"))


def test_a_link_within_the_layer_is_its_target(tmp_path: Path) -> None:
    stacks = repository(tmp_path, {"site/files/a": "a"})
    (tmp_path / "site/files/b").symlink_to("a")
    found = site_layer(stacks, STACK)
    assert found is not None
    assert found.files["b"].content == b"a"


BASE = {
    "site/hooks/site/pre.yml": PLAY,
    "site/hooks/image/post.yml": PLAY,
    "site/hooks/compute-init/post.yml": PLAY,
    f"site/{ROLE}": "[]",
    "site/files/a": "a",
    "site/group_vars/all.yml": "own: 1\n",
}


@pytest.mark.parametrize(
    ("path", "site", "image"),
    [
        ("site/hooks/site/pre.yml", True, False),
        ("site/hooks/site/tasks/new.yml", True, False),
        ("site/hooks/compute-init/post.yml", True, False),
        ("site/hooks/image/post.yml", False, True),
        (f"site/{ROLE}", True, True),
        (f"{OWN}/{ROLE}", True, True),
        ("site/files/a", True, True),
        ("site/group_vars/all.yml", True, True),
        ("site/README.md", False, False),
        ("environments/other/hooks/site/pre.yml", False, False),
    ],
)
def test_each_digest_depends_on_what_its_sequence_can_use(tmp_path: Path, path: str, site: bool, image: bool) -> None:
    before, after = layer_of(tmp_path / "a", BASE), layer_of(tmp_path / "b", {**BASE, path: "changed: 1\n"})
    assert (before.digest != after.digest) is site
    assert before.image is not None
    assert (before.image != after.image) is image


def test_a_digest_depends_on_modes_but_not_on_times_or_places(tmp_path: Path) -> None:
    before, same = layer_of(tmp_path / "a", BASE), layer_of(tmp_path / "b", BASE)
    os.utime(tmp_path / "b" / "site/files/a", (0, 0))
    assert (same.digest, same.image) == (before.digest, before.image)
    (tmp_path / "b" / "site/files/a").chmod(0o755)
    assert layer_of(tmp_path / "b", {}).digest != before.digest


def test_without_a_hook_for_it_a_layer_changes_no_image(tmp_path: Path) -> None:
    files = {path: text for path, text in BASE.items() if "image" not in path}
    assert layer_of(tmp_path, files).image is None


@pytest.mark.parametrize(("shared", "own"), [("a", "a/b"), ("a/b", "a")])
def test_a_file_of_one_layer_is_no_folder_of_the_other(tmp_path: Path, shared: str, own: str) -> None:
    stacks = repository(tmp_path, {f"site/files/{shared}": "x", f"{OWN}/files/{own}": "x"})
    with pytest.raises(SiteLayerError) as caught:
        site_layer(stacks, STACK)
    assert caught.value.where.endswith("a/b")


def test_group_vars_may_be_encrypted_or_have_tags(tmp_path: Path) -> None:
    secret = "$ANSIBLE_VAULT;1.1;AES256\n3132\n"
    layer_of(tmp_path, {"site/group_vars/all/a.yml": secret, "site/group_vars/all/b.yml": "own: !vault |\n  31\n"})


def test_no_layer_can_set_what_the_inventory_has_from_the_stack() -> None:
    def names(tree: object) -> set[str]:
        if not isinstance(tree, dict):
            return set()
        own = {str(name) for hosts in [tree.get("hosts") or {}] for host in hosts.values() for name in host or {}}
        return own.union(tree.get("vars") or {}, *(names(child) for child in (tree.get("children") or {}).values()))

    assert names(Inventory(config(), HOSTS).tree()["all"]) <= OWNED


def test_the_examples_of_the_page_are_a_layer(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "site-layer.md").read_text()
    examples = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL))
    assert len(examples) == page.count("```yaml")
    for text in examples.values():
        assert yaml.safe_load(text)
    shared = {path: text for path, text in examples.items() if "image" not in path}
    made = layer_of(tmp_path, examples)
    assert made.image is not None
    assert NodeLayer.of(made.node).variables == {"scratch_path": "/scratch"}
    assert NodeLayer.of(made.node).entries == {"scratch_client": "scratch"}
    assert layer_of(tmp_path / "without", shared).image is None
    assert [name for sequence in HOOKS.values() for name in sequence if name not in page] == []
