"""What decides an image's name, on a small set of playbooks and on the real ones."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from slurm_appliance.image import content
from slurm_appliance.image.content import ContentError, digest, files, image_name, roles
from slurm_appliance.image.spec import GROUPS, ImageBuild, Machine, PackageRepository, PackageSources, Ssh
from slurm_appliance.site_layer.layers import ImageLayer

BUILD = ImageBuild("debian-12", ("compute",), Machine("m1.small", "cluster"))
FAT = ("control", "login", "compute")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Playbooks of two groups, roles that use roles, a role with a link to a program elsewhere."""
    plays = [
        {"hosts": "all", "tasks": [{"ansible.builtin.import_role": {"name": "base", "tasks_from": "install"}}]},
        {"hosts": "login:compute", "tasks": [{"block": [{"include_role": {"name": "slurmd"}}]}]},
        {"hosts": "control", "roles": ["slurmctld", {"role": "nfs"}]},
    ]
    folder = tmp_path / "ansible"
    contents = {
        "fatimage.yml": yaml.safe_dump(plays),
        "site.yml": "- hosts: all\n",
        "README.md": "text\n",
        "roles/base/tasks/install.yml": "[]",
        "roles/base/meta/main.yml": yaml.safe_dump({"dependencies": [{"role": "common"}]}),
        "roles/common/tasks/main.yml": "[]",
        "roles/slurmd/tasks/install.yml": yaml.safe_dump(
            [{"block": [], "rescue": [{"ansible.builtin.include_role": {"name": "munge"}}]}]
        ),
        "roles/slurmd/templates/x.j2": "x",
        "roles/munge/tasks/install.yml": "",
        "roles/slurmctld/tasks/install.yml": "[]",
        "roles/nfs/tasks/install.yml": "[]",
        "roles/unused/tasks/install.yml": "[]",
        "group_vars/all/users.yml": "a: 1\n",
        "group_vars/control.yml": "b: 1\n",
        "group_vars/compute/x.yml": "c: 1\n",
    }
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "program.py").write_text("1\n")
    (folder / "roles" / "base" / "files").mkdir()
    (folder / "roles" / "base" / "files" / "node").symlink_to("../../../../node")
    return folder


def test_only_roles_of_the_groups_take_part_with_those_that_they_use(tree: Path) -> None:
    assert roles(["compute"], tree) == ["base", "common", "munge", "slurmd"]
    assert roles(["control"], tree) == ["base", "common", "nfs", "slurmctld"]
    assert roles([], tree) == ["base", "common"]


def test_files_follow_links_and_leave_caches_out(tree: Path) -> None:
    (tree.parent / "node" / "__pycache__").mkdir()
    (tree.parent / "node" / "__pycache__" / "program.pyc").write_bytes(b"1")
    assert [path.relative_to(tree).as_posix() for path in files(["compute"], tree)] == [
        "fatimage.yml",
        "group_vars/all/users.yml",
        "group_vars/compute/x.yml",
        "roles/base/files/node/program.py",
        "roles/base/meta/main.yml",
        "roles/base/tasks/install.yml",
        "roles/common/tasks/main.yml",
        "roles/munge/tasks/install.yml",
        "roles/slurmd/tasks/install.yml",
        "roles/slurmd/templates/x.j2",
    ]


TOUCHED = {
    "a role of the group": ("roles/slurmd/tasks/install.yml", True),
    "a template": ("roles/slurmd/templates/x.j2", True),
    "a role that another uses": ("roles/munge/tasks/install.yml", True),
    "the playbook": ("fatimage.yml", True),
    "variables of all": ("group_vars/all/users.yml", True),
    "variables of the group": ("group_vars/compute/x.yml", True),
    "a program by link": ("../node/program.py", True),
    "a new file of a role": ("roles/slurmd/files/new", True),
    "a README": ("README.md", False),
    "another playbook": ("site.yml", False),
    "a role of another group": ("roles/slurmctld/tasks/install.yml", False),
    "variables of another group": ("group_vars/control.yml", False),
    "a role of no group": ("roles/unused/tasks/install.yml", False),
}


@pytest.mark.parametrize(("name", "counts"), TOUCHED.values(), ids=TOUCHED)
def test_a_changed_file_counts_where_it_takes_part(tree: Path, name: str, counts: bool) -> None:
    before = digest(BUILD, "base", tree)
    path = tree / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write("\n# changed\n")
    assert (digest(BUILD, "base", tree) != before) is counts


def test_times_do_not_count(tree: Path) -> None:
    before = digest(BUILD, "base", tree)
    for path in files(["compute"], tree):
        os.utime(path, (0, 0))
    assert digest(BUILD, "base", tree) == before


MACHINE = BUILD.machine
CHANGES = {
    "groups": ({"groups": ("compute", "login")}, True),
    "extra packages": ({"extra_packages": ("htop",)}, True),
    "snapshot": ({"sources": PackageSources(snapshot="20261123")}, True),
    "repository": ({"sources": PackageSources((PackageRepository("a", "http://mirror/a", "bookworm"),))}, True),
    "no distribution repositories": ({"sources": PackageSources(keep_distribution=False)}, True),
    "properties": ({"properties": {"hw_machine_type": "pc"}}, True),
    "format": ({"disk_format": "qcow2"}, True),
    "salt": ({"salt": "again"}, True),
    "user, a property": ({"machine": replace(MACHINE, ssh=Ssh(user="rocky"))}, True),
    "the order of groups": ({"groups": ("compute",)}, False),
    "proxy": ({"sources": PackageSources(proxy="http://proxy:3128")}, False),
    "certificates": ({"cacerts": ("PEM",)}, False),
    "password": ({"sources": PackageSources(username="u", password="p")}, False),
    "flavor": ({"machine": replace(MACHINE, flavor="big")}, False),
    "network": ({"machine": replace(MACHINE, network="other")}, False),
    "volume": ({"machine": replace(MACHINE, volume_size=10)}, False),
    "bastion": ({"machine": replace(MACHINE, ssh=Ssh(bastion_host="b"))}, False),
    "limits": ({"ssh_timeout": 5, "build_timeout": 5, "keep_on_failure": True}, False),
    "visibility": ({"visibility": "public"}, False),
}


@pytest.mark.parametrize(("change", "counts"), CHANGES.values(), ids=CHANGES)
def test_a_changed_setting_counts_where_it_changes_the_image(
    tree: Path, change: dict[str, object], counts: bool
) -> None:
    before = digest(BUILD, "base", tree)
    assert (digest(replace(BUILD, **change), "base", tree) != before) is counts  # type: ignore[arg-type]


def test_groups_count_as_a_set(tree: Path) -> None:
    one, other = replace(BUILD, groups=("login", "compute")), replace(BUILD, groups=("compute", "login"))
    assert digest(one, "base", tree) == digest(other, "base", tree)


def test_the_name_has_prefix_and_digest(tree: Path) -> None:
    assert image_name(BUILD, "base", tree) == f"slurm-{digest(BUILD, 'base', tree)}"
    assert digest(BUILD, "base", tree) != digest(BUILD, "another", tree)
    assert len(digest(BUILD, "base", tree)) == content.DIGITS


def test_a_role_that_is_not_there_is_named(tree: Path) -> None:
    (tree / "fatimage.yml").write_text(yaml.safe_dump([{"hosts": "all", "roles": ["ghost"]}]))
    with pytest.raises(ContentError, match="ghost"):
        roles([], tree)


def test_a_role_by_variable_is_refused(tree: Path) -> None:
    (tree / "fatimage.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "tasks": [{"include_role": {"name": "{{ x }}"}}]}])
    )
    with pytest.raises(ContentError, match=r"{{ x }}"):
        roles([], tree)


def test_a_link_that_leads_back_is_refused(tree: Path) -> None:
    (tree / "roles" / "base" / "files" / "loop").symlink_to("..")
    with pytest.raises(ContentError) as caught:
        files([], tree)
    assert caught.value.where == str(tree / "roles" / "base" / "files" / "loop")


def test_a_link_to_nothing_is_refused(tree: Path) -> None:
    (tree / "roles" / "base" / "files" / "gone").symlink_to("nothing")
    with pytest.raises(ContentError) as caught:
        files([], tree)
    assert caught.value.where == str(tree / "roles" / "base" / "files" / "gone")


# The real playbooks


def test_every_role_takes_part_for_some_group() -> None:
    """A role that no group uses in the image build has to say so by having no install part."""
    used = set(roles(GROUPS))
    unused = {path.name for path in (content.ANSIBLE / "roles").iterdir() if (path / "tasks" / "install.yml").exists()}
    assert unused - used == set()


def test_ansible_init_is_in_every_image() -> None:
    names = {path.relative_to(content.ANSIBLE).as_posix() for path in files([])}
    assert "roles/ansible_init/files/node/ansible_init/run.py" in names


def test_what_the_role_copies_is_what_ansible_init_is() -> None:
    folder = content.ANSIBLE / "roles" / "ansible_init"
    tasks = yaml.safe_load((folder / "tasks" / "install.yml").read_text())
    copied = next(task["loop"] for task in tasks if task["name"] == "Install ansible-init")
    there = [path for path in files([]) if (folder / "files" / "node") in path.parents]
    assert sorted(copied) == sorted(path.relative_to(folder / "files" / "node").as_posix() for path in there)


def test_monitoring_is_the_control_nodes() -> None:
    assert "prometheus" in roles(FAT)
    assert "prometheus" not in roles(["login", "compute"])
    assert "dev" not in roles(FAT)


def test_the_sites_own_layer_changes_the_name_by_its_content_not_by_its_stack(tree: Path) -> None:
    names = [
        digest(replace(BUILD, layer=layer), "base", tree)
        for layer in (None, ImageLayer("a", "1"), ImageLayer("b", "1"), ImageLayer("a", "2"))
    ]
    assert names[0] == digest(BUILD, "base", tree)
    assert names[1] == names[2]
    assert len(set(names)) == 3
