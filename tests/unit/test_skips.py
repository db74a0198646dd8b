"""What tests of the larger tiers may skip: on the machine that CI has, nothing for want of a program."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from toolchain.paths import REPOSITORY

_LOOKS = re.compile(r"which\(|\.exists\(|missing\(")
_TIERS = ("engine", "lifecycle", "vm")


def _conditions(tree: ast.Module) -> Iterator[ast.expr]:
    """What has to hold for a skip: of the marker, and of an ``if`` that ends in a call of ``pytest.skip``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.skipif"):
            yield node.args[0]
        elif isinstance(node, ast.If) and any("pytest.skip(" in ast.unparse(each) for each in node.body):
            yield node.test


def _found(folder: Path) -> tuple[int, list[str]]:
    """How many conditions there are, and those that look for a program."""
    files = [(path, ast.parse(path.read_text())) for path in sorted(folder.rglob("*.py"))]
    conditions = [(path, condition) for path, tree in files for condition in _conditions(tree)]
    looking = [
        f"{path.name}:{condition.lineno}" for path, condition in conditions if _LOOKS.search(ast.unparse(condition))
    ]
    return len(conditions), looking


def test_tests_install_what_they_need_instead_of_skipping() -> None:
    counts = [_found(REPOSITORY / "tests" / tier) for tier in _TIERS]
    assert sum(count for count, _ in counts) > 10
    assert [each for _, looking in counts for each in looking] == [], "install it with toolchain.apt"


def test_a_skip_for_want_of_a_program_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("x") is None, reason="")\n'
        "def f():\n    if not shutil.which('y'):\n        pytest.skip('no y')\n"
        "def g():\n    if os.geteuid() != 0:\n        pytest.skip('root')\n"
    )
    assert _found(tmp_path) == (3, ["a.py:1", "a.py:3"])
