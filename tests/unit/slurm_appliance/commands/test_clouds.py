"""Commands find the local cloud by themselves where it is named, and leave what the operator set alone."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud.control.credentials import CLOUD
from localcloud.host.layout import STATE_VARIABLE, CloudLayout
from slurm_appliance.commands.clouds import find_local_cloud, local_cloud_variables
from slurm_appliance.commands.environment import env

VARIABLES = ("OS_CLIENT_CONFIG_FILE", "OS_CLOUD")


@pytest.fixture
def clouds_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a local cloud, and an environment that says nothing of any."""
    monkeypatch.setattr(os, "environ", {STATE_VARIABLE: str(tmp_path)})
    path = CloudLayout.of_user().clouds_yaml
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_it_is_found_where_it_is_named(clouds_yaml: Path) -> None:
    find_local_cloud(CLOUD)
    assert [os.environ[name] for name in VARIABLES] == [str(clouds_yaml), CLOUD]


@pytest.mark.parametrize("named", [None, "another"])
@pytest.mark.usefixtures("clouds_yaml")
def test_another_cloud_is_left_to_the_operator(named: str | None) -> None:
    find_local_cloud(named)
    assert not set(VARIABLES) & set(os.environ)


@pytest.mark.usefixtures("clouds_yaml")
def test_what_the_operator_set_holds() -> None:
    os.environ["OS_CLIENT_CONFIG_FILE"] = "/mine.yaml"
    find_local_cloud(CLOUD)
    assert os.environ["OS_CLIENT_CONFIG_FILE"] == "/mine.yaml"


def test_a_cloud_that_was_never_up_is_not_offered(clouds_yaml: Path) -> None:
    clouds_yaml.unlink()
    find_local_cloud(CLOUD)
    assert not set(VARIABLES) & set(os.environ)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a working folder without a clouds.yaml; returns where an operator would have one."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    return tmp_path / "home/.config/openstack/clouds.yaml"


@pytest.mark.usefixtures("elsewhere")
def test_a_shell_is_told_of_the_local_cloud(clouds_yaml: Path) -> None:
    found = local_cloud_variables()
    assert [found[name] for name in VARIABLES] == [str(clouds_yaml), CLOUD]
    clouds_yaml.unlink()
    assert local_cloud_variables() == {}


@pytest.mark.usefixtures("clouds_yaml")
@pytest.mark.parametrize("name", ["OS_CLIENT_CONFIG_FILE", "OS_CLOUD", "OS_AUTH_URL"])
def test_a_shell_that_names_a_cloud_keeps_it(elsewhere: Path, name: str) -> None:
    assert not elsewhere.exists()
    os.environ[name] = "mine"
    assert local_cloud_variables() == {}


@pytest.mark.usefixtures("clouds_yaml")
def test_clouds_of_the_operators_own_are_not_hidden(elsewhere: Path) -> None:
    elsewhere.parent.mkdir(parents=True)
    elsewhere.touch()
    assert local_cloud_variables() == {}


def test_the_command_prints_them(
    clouds_yaml: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not elsewhere.exists()
    pieces = SimpleNamespace(variables=lambda: {"PULUMI_HOME": "/with space"})
    monkeypatch.setattr("slurm_appliance.engine.automation.ensured_toolchain", lambda: pieces)
    monkeypatch.setattr("slurm_appliance.engine.settings.engine_variables", dict)
    env()
    lines = capsys.readouterr().out.splitlines()
    assert "export PULUMI_HOME='/with space'" in lines
    assert f"export OS_CLIENT_CONFIG_FILE={clouds_yaml}" in lines
