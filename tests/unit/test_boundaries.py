"""Imports go one way, as docs/design.md draws it, and pulumi is known in few places."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain.paths import REPOSITORY

#: What each package may import of the others.
MAY_IMPORT = {
    "components": {"slurm_appliance", "toolchain"},
    "slurm_appliance": {"localcloud", "mirror", "node", "toolchain"},
    "localcloud": {"toolchain"},
    "mirror": {"toolchain"},
    "node": set(),
    "toolchain": set(),
}

#: It hands over to the command line, when everything is prepared.
START = Path("toolchain/start.py")


def modules(package: str) -> list[Path]:
    found = [path.relative_to(REPOSITORY) for path in sorted((REPOSITORY / package).rglob("*.py"))]
    assert found
    return found


def imported(module: Path) -> Iterator[str]:
    """The packages that a module imports when it runs, functions included."""
    todo: list[ast.AST] = [ast.parse((REPOSITORY / module).read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        todo += ast.iter_child_nodes(node)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    others = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
    wrong = {module: names for module in modules(package) if (names := others & set(imported(module)))}
    wrong.pop(START, None)
    assert not wrong


def test_pulumi_is_known_to_the_components_and_one_module() -> None:
    packages = ["slurm_appliance", "localcloud", "mirror", "node", "toolchain"]
    knowing = [
        str(module)
        for package in packages
        for module in modules(package)
        if any(name.startswith("pulumi") for name in imported(module))
    ]
    assert knowing == ["slurm_appliance/automation.py"]
