import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mirror import machine
from mirror.errors import MirrorMachineError


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_POSTGRESQL_VERSIONS", tmp_path)
    for version in ("9", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin/initdb").touch()
    return tmp_path


def test_the_newest_postgresql_is_taken_or_the_one_that_is_asked_for(versions: Path) -> None:
    assert machine.postgresql_programs() == versions / "17/bin"
    assert machine.postgresql_programs("15") == versions / "15/bin"
    assert machine.postgresql_programs("16") is None
    (versions / "17/bin/initdb").unlink()
    assert machine.postgresql_programs() == versions / "15/bin"


def test_no_cluster_of_the_whole_machine_is_made(
    versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "createcluster.d"
    monkeypatch.setattr(machine, "_CLUSTER_SETTINGS", settings)
    (versions / "17/bin/initdb").unlink()
    (versions / "15/bin/initdb").unlink()
    (versions / "9/bin/initdb").unlink()

    def apt(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        assert "postgresql" in command
        assert [file.read_text() for file in settings.iterdir()] == ["create_main_cluster = false\n"]
        (versions / "15/bin/initdb").touch()
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", apt)
    assert machine.install_missing() == ["postgresql"]
    assert list(settings.iterdir()) == []


def test_only_root_can_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MirrorMachineError) as refused:
        machine.require_root()
    assert "sudo" in refused.value.remedy
