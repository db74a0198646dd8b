"""Backups of the control node, asked for over a shell."""

import json
import subprocess
from collections.abc import Sequence

import pytest

from slurm_appliance.slurm_backups.control import ControlBackups, SlurmBackupError

BACKUP = {
    "name": "24.11.5-20261129T154100Z",
    "versions": {"slurmctld": "24.11.5", "slurmdbd": "24.11.5"},
    "made": "2026-11-29T15:41:00+00:00",
    "database": True,
    "size": 3 * 2**20,
}


class Answering:
    """A shell whose program says one thing."""

    where = "the control node"

    def __init__(self, stdout: str, status: int = 0, stderr: str = "") -> None:
        self.ended = (stdout, status, stderr)
        self.commands: list[list[str]] = []

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.commands.append(list(command))
        stdout, status, stderr = self.ended
        return subprocess.CompletedProcess(command, status, stdout, stderr)


def test_backups_are_listed() -> None:
    shell = Answering(json.dumps({"backups": [BACKUP], "restore": BACKUP["name"]}))

    found = ControlBackups(shell, "/var/lib/state").list()

    assert shell.commands == [["slurm-appliance-slurm-files", "--volume", "/var/lib/state", "backups"]]
    assert found.get(str(BACKUP["name"])).version == "24.11.5"
    assert found.requested == BACKUP["name"]
    with pytest.raises(SlurmBackupError) as raised:
        found.get("23.02")
    assert str(BACKUP["name"]) in str(raised.value.remedy)


@pytest.mark.parametrize(
    "shell",
    [
        Answering('{"failed": "there is no room"}', 1),
        Answering("", 127, "slurm-appliance-slurm-files: command not found"),
        Answering("", 1),
        Answering("not JSON"),
        Answering('{"backups": [{"name": "x"}], "restore": ""}'),
        Answering("{}"),
    ],
    ids=["refused", "not installed", "silent", "no JSON", "another form", "nothing"],
)
def test_what_goes_wrong_is_an_error_that_names_the_node(shell: Answering) -> None:
    with pytest.raises(SlurmBackupError) as raised:
        ControlBackups(shell, "/var/lib/state").list()
    assert raised.value.where == shell.where
