import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localcloud.host import debian
from localcloud.host.debian import Package
from slurm_appliance import cli
from slurm_appliance.deploy_host import doctor
from slurm_appliance.deploy_host.doctor import CheckedPiece, Feature, PieceState, findings
from toolchain.pieces import Piece
from toolchain.plan import Build


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where everything is there, but for what a test takes away."""
    monkeypatch.setattr(doctor, "survey_and_plan", lambda: (None, ()))
    monkeypatch.setattr(debian, "missing", list)
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    clouds = tmp_path / "clouds.yaml"
    clouds.touch()
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    return tmp_path


def not_ok() -> list[CheckedPiece]:
    return [
        finding
        for finding in findings()
        if finding.state is not PieceState.OK and finding.piece not in ("disk", "memory")
    ]


@pytest.mark.usefixtures("machine")
def test_a_machine_that_has_everything() -> None:
    assert not_ok() == []


@pytest.mark.usefixtures("machine")
def test_what_a_command_gets_by_itself_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "survey_and_plan", lambda: (None, (Build(Piece.ENGINE, "no pulumi on PATH"),)))
    monkeypatch.setattr(debian, "missing", lambda: [Package("nftables", "nft", "filters")])
    pulumi, packages = not_ok()
    assert (pulumi.piece, pulumi.state) == ("pulumi", PieceState.LATER)
    assert "no pulumi on PATH" in pulumi.remedy
    assert packages.state is PieceState.LATER
    assert "nftables" in packages.remedy


def test_what_is_missing_ends_with_status_1_and_says_what_it_blocks(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "clouds.yaml").unlink()
    monkeypatch.delenv("OS_AUTH_URL", raising=False)
    monkeypatch.setenv("HOME", str(machine))
    monkeypatch.chdir(machine)
    shown = CliRunner().invoke(cli.app, ["doctor", "--output", "json"])
    assert shown.exit_code == 1
    [credentials] = [each for each in json.loads(shown.stdout) if each["piece"] == "OpenStack credentials"]
    assert credentials["state"] == "missing"
    assert credentials["blocks"] == [Feature.CLUSTERS]
    assert "clouds.yaml" in credentials["remedy"]


@pytest.mark.usefixtures("machine")
def test_without_root_the_local_cloud_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    [root] = not_ok()
    assert root.piece == "root"
    assert root.blocks == (Feature.LOCAL_CLOUD,)
    shown = CliRunner().invoke(cli.app, ["doctor"])
    assert shown.exit_code == 1
    assert f"         needed for: {Feature.LOCAL_CLOUD}\n         remedy: use sudo" in shown.stdout
    ready, not_ready, gates = shown.stdout.splitlines()[-3:]
    assert ready == f"ready for     {Feature.CLUSTERS}"
    assert not_ready.startswith(f"not ready for {Feature.LOCAL_CLOUD}: root")
    assert gates == f"ready for     {Feature.GATES}"
