"""Programs that roles install file by file: every file of the package is among them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from toolchain.paths import REPOSITORY

#: By package: the role's tasks that install it, and what its files are called there.
INSTALLED = {
    "ansible_init": ("ansible_init/tasks/install.yml", "ansible_init/"),
    "compute_init": ("compute_init/tasks/install.yml", ""),
    "slurm_metrics": ("slurm_metrics/tasks/configure.yml", ""),
}


@pytest.mark.parametrize("package", INSTALLED)
def test_no_file_is_forgotten(package: str) -> None:
    tasks, prefix = INSTALLED[package]
    loops: list[Any] = [
        task["loop"]
        for task in yaml.safe_load((REPOSITORY / "ansible/roles" / tasks).read_text())
        if "ansible.builtin.copy" in task and "loop" in task
    ]
    named = {each for loop in loops for each in loop if str(each).endswith(".py")}
    folder = REPOSITORY / "node" / package
    there = {f"{prefix}{path.relative_to(folder)}" for path in folder.rglob("*.py")}
    assert named - {"__init__.py"} == there - {"__init__.py"}


def test_roles_install_what_is_in_the_checkout() -> None:
    """The packages are links, and none leads nowhere."""
    links = [path for path in (REPOSITORY / "ansible/roles").rglob("*") if path.is_symlink()]
    assert links
    assert [path for path in links if not path.exists()] == []
    assert Path(REPOSITORY, "ansible/roles/compute_init_export/files/node/export_receiver/program.py").exists()
