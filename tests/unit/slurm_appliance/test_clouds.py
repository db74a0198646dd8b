"""Commands find the local cloud by themselves where it is named, and leave what the operator set alone."""

import os
from pathlib import Path

import pytest

from localcloud.control.credentials import CLOUD
from localcloud.control.layout import STATE_VARIABLE, Layout
from slurm_appliance.commands.clouds import find_local_cloud

VARIABLES = ("OS_CLIENT_CONFIG_FILE", "OS_CLOUD")


@pytest.fixture
def clouds_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a local cloud, and an environment that says nothing of any."""
    monkeypatch.setattr(os, "environ", {STATE_VARIABLE: str(tmp_path)})
    path = Layout.of_user().clouds_yaml
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
