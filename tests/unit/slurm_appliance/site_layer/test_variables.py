"""The variables of layers: their origin, and those that nothing reads."""

from pathlib import Path

from slurm_appliance.site_layer.layers import SiteLayer, site_layer
from slurm_appliance.site_layer.notes import site_notes
from slurm_appliance.site_layer.variables import layer_variables, unread


def write(folder: Path, **files: str) -> SiteLayer:
    """Write files, with ``__`` for a slash in their names, and read the layer of the stack ``demo``."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "stacks").mkdir(exist_ok=True)
    layer = site_layer(folder / "stacks", "demo")
    assert layer is not None
    return layer


def test_the_environments_variable_goes_before_the_shared_one(tmp_path: Path) -> None:
    layer = write(
        tmp_path,
        site__group_vars__all="a: 1\nb: 2\n",
        environments__demo__group_vars__all__more="b: 3\n",
        environments__demo__group_vars__login="a: 4\n",
    )
    found = {(each.group, each.name): each.where for each in layer_variables(layer)}
    assert found == {
        ("all", "a"): "site/group_vars/all.yml",
        ("all", "b"): "environments/demo/group_vars/all/more.yml",
        ("login", "a"): "environments/demo/group_vars/login.yml",
    }


def test_a_variable_that_nothing_names_is_reported(tmp_path: Path) -> None:
    layer = write(
        tmp_path,
        site__group_vars__all=(
            "in_a_hook: 1\nin_a_role: 1\nin_a_value: 1\nansible_become_flags: -n\nmisspelt_thing: 1\n"
            'outer: "{{ in_a_value }}"\nof_vault: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  30\n'
        ),
        site__hooks__site__post='- hosts: all\n  tasks: [{debug: {msg: "{{ in_a_hook }} {{ outer }}"}}]\n',
        site__roles__mine__tasks__main='- debug: {msg: "{{ in_a_role }}"}\n',
    )
    assert {each.name for each in unread(layer)} == {"misspelt_thing", "of_vault"}
    assert {note.path for note in site_notes(tmp_path / "stacks", layer)} == {"site/group_vars/all.yml"}


def test_a_variable_of_a_product_role_is_read(tmp_path: Path) -> None:
    layer = write(tmp_path, site__group_vars__control="slurmctld_files: {}\n")
    assert unread(layer) == []


def test_an_encrypted_file_has_no_names(tmp_path: Path) -> None:
    layer = write(tmp_path, site__group_vars__all="$ANSIBLE_VAULT;1.1;AES256\n3030\n")
    assert layer_variables(layer) == []
