"""The page of distributions: what it says was run is a test, and every system that tests run on is on it."""

import re

import pytest

from localcloud.image.systems import SYSTEMS, System
from tests.lifecycle.image_fixtures import SLURM
from toolchain.paths import REPOSITORY

_PAGE = (REPOSITORY / "docs/distributions.md").read_text()
_TABLE = _PAGE.partition("| system | Slurm |")[2].partition("\n\n")[0].splitlines()[2:]
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in _TABLE]


def heading(system: System) -> str:
    """What a system is called on the page."""
    if system.stand_in:
        return f"{system.distribution.title()} Linux {system.version}"
    return f"Debian {system.version if system.released else 'testing'}"


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: str(system.name))
def test_every_system_of_the_tests_is_on_the_page(system: System) -> None:
    rows = [row for row in ROWS if row[0] == heading(system)]
    assert rows
    if not system.stand_in:
        assert [row[1].startswith(f"{SLURM[system.version]}.") for row in rows] == [True]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}, {row[1]}")
def test_what_was_run_is_a_test(row: list[str]) -> None:
    for said in row[2:4]:
        if said in ("", "nothing"):
            continue
        named = re.findall(r"`(tests/[^`]+)`", said)
        assert named, f"it names no test: {said}"
        assert [name for name in named if not (REPOSITORY / name).exists()] == []
