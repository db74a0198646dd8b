"""The files that are tried are for the Slurm that tries them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.slurm_trial import judge
from slurm_appliance.slurm_trial.judge import SlurmTrialError, installed_version, rejection_of
from tests.unit.slurm_appliance.config.examples import smallest


@pytest.fixture
def slurmctld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "slurmctld"
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


def say(program: Path, text: str) -> None:
    program.write_text(f"#!/bin/sh\necho '{text}'\n")
    program.chmod(0o755)


@pytest.mark.parametrize(("said", "version"), [("slurm-wlm 22.05.8", "22.05.8"), ("slurm 24.11.5-1", "24.11.5")])
def test_what_slurmctld_says(slurmctld: Path, said: str, version: str) -> None:
    say(slurmctld, said)
    assert installed_version() == version


def test_a_slurmctld_without_a_version(slurmctld: Path) -> None:
    say(slurmctld, "rubbish")
    with pytest.raises(SlurmTrialError, match="rubbish"):
        installed_version()


@pytest.mark.parametrize(("said", "parameters"), [
    ("slurm-wlm 22.05.8", "enable_configless,reboot_from_controller"),
    ("slurm 24.11.5", "enable_configless,reboot_from_controller,disable_triggers"),
])  # fmt: skip
def test_files_are_for_the_slurm_that_is_here(
    slurmctld: Path, monkeypatch: pytest.MonkeyPatch, said: str, parameters: str
) -> None:
    say(slurmctld, said)
    tried: list[Mapping[str, bytes]] = []

    def look(files: Mapping[str, bytes], *_: Any) -> None:
        tried.append(files)

    monkeypatch.setattr(judge, "judge", look)
    assert rejection_of(from_mapping(smallest(), "test", environment="test")) is None
    assert f"SlurmctldParameters={parameters}" in tried[0]["slurm.conf"].decode().splitlines()
