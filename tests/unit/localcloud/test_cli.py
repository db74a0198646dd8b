import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from localcloud.faults.store import FaultStore
from localcloud.host.layout import STATE_VARIABLE
from slurm_appliance.cli import app


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cloud", *arguments])


def test_help_names_every_command() -> None:
    output = call("--help").output
    for name in ("up", "down", "status", "reset", "logs", "ssh", "env", "fault", "tempest"):
        assert f" {name} " in output


def test_importing_the_commands_is_cheap() -> None:
    script = "import sys, localcloud.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"openstack", "yaml", "pydantic", "localcloud.control.lifecycle"} & set(loaded)


def test_a_cloud_that_was_never_up_is_down(state: Path) -> None:
    result = call("status", "--output", "json")
    assert result.exit_code == 3
    assert json.loads(result.output)["state"] == "down"
    assert json.loads(result.output)["folder"] == str(state)


@pytest.mark.parametrize(
    "arguments", [["env"], ["logs"], ["ssh", "node"], ["tempest"], ["fault", "add", "delay"], ["fault", "clear"]]
)
def test_commands_that_need_a_cloud_say_how_to_get_one(
    state: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(state / "never-up"))
    result = call(*arguments)
    assert result.exit_code == 1
    assert "`slurm-appliance cloud up`" in result.output


def test_a_fault_is_switched_on_shown_and_switched_off(state: Path) -> None:
    added = call("fault", "add", "delay", "--service", "cinder", "--seconds", "2", "--times", "0")
    assert added.exit_code == 0
    (fault,) = FaultStore(state / "faults.json").faults()
    assert (fault.service, fault.seconds, fault.times) == ("cinder", 2.0, None)
    assert json.loads(call("fault", "list").output)["id"] == fault.id == added.output.strip()
    assert call("fault", "clear").output == "1 faults disabled\n"
    assert call("fault", "clear", fault.id).exit_code == 1


@pytest.mark.usefixtures("state")
def test_a_fault_that_makes_no_sense_is_a_usage_error() -> None:
    result = call("fault", "add", "answer", "--status", "404")
    assert result.exit_code == 2
    assert "cannot answer 404" in result.output
