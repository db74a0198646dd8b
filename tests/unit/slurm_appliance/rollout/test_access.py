from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from slurm_appliance.config.rollout import RolloutDefaults
from slurm_appliance.config.stack_file import cloud_of
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ApplianceError
from slurm_appliance.rollout import access
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.shell import LocalShell, SshShell
from tests.fakes.nova import FakeCloud
from toolchain.paths import REPOSITORY, state_folder

_STACK_FILE = REPOSITORY / "stacks" / "Pulumi.local.yaml"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("state")
def test_a_stack_s_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def connect(cloud: str | None) -> SimpleNamespace:
        asked.append(cloud)
        return SimpleNamespace(compute=None, image=None, block_storage=None)

    monkeypatch.setattr(access, "connect", connect)
    environment = EnvironmentFolder.of("mine")
    environment.inventory.mkdir(parents=True)
    variables = {"ansible_user": "debian", "ansible_ssh_common_args": "-o 'ProxyCommand=ssh -W %h:%p debian@10.0.0.3'"}
    hosts = {"all": {"vars": variables, "children": {"control": {"hosts": {"ctl-0": {"ansible_host": "10.0.0.2"}}}}}}
    (environment.inventory / "hosts.yml").write_text(yaml.safe_dump(hosts))

    found = access.of_stack("mine", _STACK_FILE, cloud_of(_STACK_FILE))

    assert isinstance(found.shell, SshShell)
    assert found.shell.where.endswith("@10.0.0.2")
    assert found.shell._command[found.shell._command.index("-p") + 1] == "22"
    assert "ProxyCommand=ssh -W %h:%p debian@10.0.0.3" in found.shell._command
    folder = state_folder("pulumi", ".slurm-appliance", "rollouts", "mine")
    assert found.journal.store.where(found.journal.records) == str(folder / "rollout.json")
    assert isinstance(found.settings, RolloutDefaults)
    assert asked == ["slurm-local"]


def test_a_stack_that_was_never_brought_up(state: Path) -> None:
    with pytest.raises(RolloutError) as caught:
        access.of_stack("mine", _STACK_FILE, None)
    assert str(state) in caught.value.where
    assert "slurm-appliance up" in caught.value.remedy


def test_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clouds.yaml").write_text(FakeCloud.clouds_yaml(SimpleNamespace(url="http://127.0.0.1:1")))  # type: ignore[arg-type]  # only its url
    text = {"clouds": str(tmp_path / "clouds.yaml"), "spool": str(tmp_path / "spool"), "targets": "/etc/t"}
    (tmp_path / "reboot.yml").write_text(yaml.safe_dump(text))
    monkeypatch.setenv("SLURM_APPLIANCE_REBOOT_SETTINGS", str(tmp_path / "reboot.yml"))

    found = access.here()

    assert isinstance(found.shell, LocalShell)
    assert found.journal.store.where(found.journal.records) == str(tmp_path / "spool-rollout/rollout.json")
    assert found.targets == Path("/etc/t")


def test_here_on_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_APPLIANCE_REBOOT_SETTINGS", str(tmp_path / "none"))
    with pytest.raises(ApplianceError) as refused:
        access.here()
    assert refused.value.where == str(tmp_path / "none")
    assert "--stack" in refused.value.remedy
    monkeypatch.setenv("SLURM_APPLIANCE_REBOOT_SETTINGS", str(tmp_path / "reboot.yml"))
    (tmp_path / "reboot.yml").write_text(yaml.safe_dump({"clouds": str(tmp_path / "gone")}))
    with pytest.raises(ApplianceError, match="gone") as refused:
        access.here()
    assert "root" in refused.value.remedy
