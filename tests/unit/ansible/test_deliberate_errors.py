"""Each deliberate error in a role's part for Enterprise Linux or OpenHPC is found, with the role's name."""

import shutil
from pathlib import Path

import pytest

from tests.unit.ansible.deliberate_errors import DeliberateError, deliberate_errors
from tests.unit.ansible.distribution_differences import differences
from tests.unit.ansible.role_facts import ANSIBLE, FAMILIES, ROLES, facts_in_tasks, facts_in_variables

#: Those that name a fact of the distribution: a new one is here without being listed.
WITH_FACTS = sorted(
    role.name
    for role in ROLES.iterdir()
    if any(find(role, family) for family in ("RedHat", "OpenHPC") for find in (facts_in_tasks, facts_in_variables))
)


def copy_of(role: str, folder: Path) -> Path:
    """A tree with a copy of this role only."""
    (folder / "roles").mkdir()
    for name in ("distributions", "group_vars"):
        (folder / name).symlink_to(ANSIBLE / name)
    return Path(shutil.copytree(ROLES / role, folder / "roles" / role, symlinks=True))


def said(folder: Path, role: str) -> list[str]:
    """What is found about this role; the others are not there."""
    return [each for family in FAMILIES for each in differences(folder, family) if each.startswith(f"{role}: ")
            and "has a row for a role" not in each]  # fmt: skip


def missed(folder: Path, role: Path, error: DeliberateError) -> bool:
    """Whether nothing is said about an error, or nothing that helps to find it."""
    path = role / error.file
    before = path.read_text()
    path.write_text(error.text)
    found = said(folder, role.name)
    path.write_text(before)
    return not any(not error.names or any(name in each for name in error.names) for each in found)


@pytest.mark.parametrize("name", WITH_FACTS)
def test_each_error_is_found(name: str, tmp_path: Path) -> None:
    role = copy_of(name, tmp_path)
    assert said(tmp_path, name) == []
    errors = list(deliberate_errors(role))
    assert errors
    assert [error.what for error in errors if missed(tmp_path, role, error)] == []


def test_roles_with_a_part_for_enterprise_linux_name_a_fact() -> None:
    parts = [*ROLES.glob("*/vars/RedHat.yml"), *ROLES.glob("*/vars/OpenHPC.yml"), *ROLES.glob("*/tasks/*RedHat.yml")]
    assert {path.parent.parent.name for path in parts} <= set(WITH_FACTS)


def test_a_new_role_is_found(tmp_path: Path) -> None:
    role = copy_of("chrony", tmp_path).rename(tmp_path / "roles" / "a_new_one")
    where = f"{role.name}/vars/RedHat.yml: chrony_packages"
    assert f"{role.name}: chrony is not in its row of variables of RedHat.yml ({where})" in said(tmp_path, role.name)
