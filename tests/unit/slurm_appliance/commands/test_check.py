import sys
from pathlib import Path

import pytest

from slurm_appliance.commands import check as command
from slurm_appliance.commands.check import Gate, check, shell_scripts
from slurm_appliance.errors import CheckError, UsageError


@pytest.fixture
def two_gates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = Gate("good", (sys.executable, "-c", "print('quiet')"), tmp_path)
    bad = Gate(
        "bad",
        (sys.executable, "-c", "import pathlib, sys; sys.exit(not pathlib.Path('mended').exists() and 'line 3')"),
        tmp_path,
        fix=(sys.executable, "-c", "import pathlib; pathlib.Path('mended').touch()"),
    )
    monkeypatch.setattr(command, "gates", lambda: [good, bad])


@pytest.mark.usefixtures("two_gates")
def test_names_the_gate_that_failed_and_shows_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckError, match=r": bad\b"):
        check()
    shown = capsys.readouterr().out
    assert "line 3" in shown
    assert "quiet" not in shown


@pytest.mark.usefixtures("two_gates")
def test_one_gate_alone() -> None:
    check(["good"])


@pytest.mark.usefixtures("two_gates")
def test_an_unknown_gate_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r": ugly\b") as raised:
        check(["ugly"])
    assert "good, bad" in raised.value.remedy


@pytest.mark.usefixtures("two_gates")
def test_fix_mends_first() -> None:
    check(fix=True)


def test_finds_shell_scripts_by_their_first_line() -> None:
    assert {"slurm-appliance", ".ci/run"} <= set(shell_scripts())
    assert not any(name.endswith(".py") for name in shell_scripts())
