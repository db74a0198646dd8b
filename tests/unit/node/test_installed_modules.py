"""Programs for nodes are installed file by file: a module that is not in the list is missing on every node."""

from pathlib import Path

import pytest
import yaml

from toolchain.paths import REPOSITORY


@pytest.mark.parametrize(
    ("role", "package", "prefix"),
    [("ansible_init", "ansible_init", "ansible_init/"), ("compute_init", "compute_init", "")],
)
def test_every_module_is_installed(role: str, package: str, prefix: str) -> None:
    tasks = yaml.safe_load((REPOSITORY / f"ansible/roles/{role}/tasks/install.yml").read_text())
    listed = {str(item) for task in tasks for item in task.get("loop", []) if str(item).endswith(".py")}
    folder = REPOSITORY / "node" / package
    modules = {prefix + str(path.relative_to(folder)) for path in Path(folder).rglob("*.py")}
    assert modules <= listed
