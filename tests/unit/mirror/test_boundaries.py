"""The mirror stands apart: it imports nothing of the project but the toolchain."""

import ast

from toolchain.paths import REPOSITORY


def test_imports() -> None:
    modules = sorted((REPOSITORY / "mirror").rglob("*.py"))
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in {"components", "localcloud", "node", "slurm_appliance"}, path
