"""The tables of distributions against the roles, in both directions."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.image.distribution import FOLDER, load
from tests.unit.ansible.distribution_differences import differences
from tests.unit.ansible.role_facts import ANSIBLE, FAMILIES, ROLES, facts_in_tasks, facts_in_variables
from toolchain.paths import REPOSITORY

#: Sources of what a family's own packages replace.
UNUSED = {"OpenHPC": {"slurm.spec"}}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_role_uses_what_its_row_has(family: str) -> None:
    assert differences(ANSIBLE, family) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_source_is_named_and_used(family: str) -> None:
    table = load(family)
    assert set(table.facts().values()) - {""} == set(table.sources) - UNUSED.get(family, set())


def test_there_is_a_table_for_each_family_that_roles_know() -> None:
    assert {path.stem for path in ROLES.glob("*/vars/*.yml")} - {"main"} == set(FAMILIES)
    assert {path.stem for path in FOLDER.iterdir()} == set(FAMILIES)


def test_openhpc_has_only_what_differs_from_its_distribution() -> None:
    read = {path: yaml.safe_load(path.read_text()) for path in ROLES.glob("*/vars/OpenHPC.yml")}
    assert read
    for path, variables in read.items():
        below = yaml.safe_load(path.with_name("RedHat.yml").read_text())
        assert {name for name, value in variables.items() if name not in below or below[name] == value} == set(), path


def test_a_table_does_not_leave_out_what_it_is_not_based_on(tmp_path: Path) -> None:
    below: dict[str, Any] = {
        "distribution": "a",
        "family": "b",
        "sources": {},
        "variables": {},
        "tasks": {},
        "packages": {"x": {"source": None}},
    }
    (tmp_path / "Below.yml").write_text(yaml.safe_dump(below))
    (tmp_path / "Above.yml").write_text(
        yaml.safe_dump({**below, "extends": "Below", "without": ["x", "y"], "packages": {}})
    )
    with pytest.raises(ValueError, match="Below has no package y"):
        load("Above", tmp_path)


def test_what_a_role_uses_is_found(tmp_path: Path) -> None:
    role = tmp_path / "some_role"
    for name, text in {
        "vars/RedHat.yml": yaml.safe_dump(
            {"some_packages": ["a", "b"], "some_file": "/etc/a/slurm-appliance.conf", "some_unit": "a.service"}
        ),
        "tasks/configure.yml": "- {name: x, ansible.builtin.systemd: {name: b.service}}\n- {x: ours.service}\n",
        "files/ours.service": "",
    }.items():
        (role / name).parent.mkdir(parents=True, exist_ok=True)
        (role / name).write_text(text)
    assert set(facts_in_variables(role, "RedHat")) == {"a", "b", "/etc/a", "a.service"}
    assert set(facts_in_variables(role, "Debian")) == set()
    assert set(facts_in_tasks(role, "RedHat")) == {"b.service"}


def test_the_docs_list_the_facts_without_a_source() -> None:
    text = (REPOSITORY / "docs" / "distributions.md").read_text()
    listed = text.partition("<!-- unverified -->")[2].partition("<!-- /unverified -->")[0]
    assert [line.removeprefix("- `").removesuffix("`") for line in listed.splitlines() if line] == load(
        "RedHat"
    ).unverified()
