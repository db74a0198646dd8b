"""What runs on nodes: all of it is installed, it needs nothing else, and the oldest Python there understands it."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from toolchain.paths import REPOSITORY


@pytest.mark.parametrize(
    ("role", "package", "prefix"),
    [("ansible_init", "ansible_init", "ansible_init/"), ("compute_init", "compute_init", "")],
)
def test_every_module_is_installed(role: str, package: str, prefix: str) -> None:
    """Programs for nodes are installed file by file: a module that is not in the list is missing on every node."""
    tasks = yaml.safe_load((REPOSITORY / f"ansible/roles/{role}/tasks/install.yml").read_text())
    listed = {str(item) for task in tasks for item in task.get("loop", []) if str(item).endswith(".py")}
    folder = REPOSITORY / "node" / package
    modules = {prefix + str(path.relative_to(folder)) for path in Path(folder).rglob("*.py")}
    assert modules <= listed


def test_the_package_runs_where_nothing_but_node_is(tmp_path: Path) -> None:
    """Installed in an image there is no checkout: no other package of this one may be needed."""
    shutil.copytree(REPOSITORY / "node", tmp_path / "node", ignore=shutil.ignore_patterns("__pycache__"))
    code = "import node.ansible_init.run, sys; print([m for m in sys.modules if m.split('.')[0] == 'slurm_appliance'])"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "node").rglob("*.py")), ids=lambda path: path.name)
def test_programs_on_the_nodes_parse_as_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))
