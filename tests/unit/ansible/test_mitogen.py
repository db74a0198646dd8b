"""Mitogen runs Ansible's modules: the same version on the deploy host and in images, and what nodes do with it."""

import importlib.metadata
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from node.ansible_init import playbook
from node.ansible_init.run import AnsibleInitSettings
from slurm_appliance.playbooks.run import ANSIBLE, mitogen_strategies, run_playbook
from tests.unit.ansible.roles import run_role
from tests.unit.node.ansible_init.server import go, settings, written

__all__ = ["settings"]

ROLE = ANSIBLE / "roles/mitogen"
PROGRAM = str(Path(sys.executable).with_name("ansible-playbook"))
#: A module that says whether Mitogen runs it.
MODULE = """
import sys
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({}).exit_json(mitogen="mitogen" in sys.modules)
"""


def test_images_get_the_version_of_the_deploy_host() -> None:
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    assert variables["mitogen_version"] == importlib.metadata.version("mitogen")


def test_the_role_installs_it_where_nodes_look_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "mitogen"
    given = {"mitogen_folder": str(folder), "mitogen_ansible_playbook": PROGRAM}
    first, _ = run_role(tmp_path, "mitogen/install", given, {}, {})
    assert "do without" not in first.said
    assert (folder / playbook.STRATEGIES.relative_to(playbook.STRATEGIES.parents[2])).is_dir()
    assert list(folder.rglob("*.pyc")), "Python has compiled it in the image"
    assert not (folder / "written").exists()


def test_an_image_whose_ansible_cannot_use_it_does_without(tmp_path: Path) -> None:
    folder = tmp_path / "mitogen"
    broken = {"mitogen_folder": str(folder), "mitogen_ansible_playbook": "/bin/false"}
    (ended,) = run_role(tmp_path, "mitogen/install", broken, {})
    assert "do without Mitogen" in ended.said
    assert not folder.exists()


def _play(folder: Path, wanted: bool) -> Path:
    (folder / "library").mkdir()
    (folder / "library/runs_by.py").write_text(MODULE)
    tasks: list[dict[str, object]] = [
        {"runs_by": {}, "register": "said"},
        {"ansible.builtin.assert": {"that": f"said.mitogen == {wanted}"}},
    ]
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([{"name": "Run: it", "hosts": "all", "gather_facts": False, "tasks": tasks}]))
    return path


@pytest.mark.parametrize("strategy", [None, "linear"])
def test_playbooks_of_the_deploy_host(strategy: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if strategy:
        monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"here": {"ansible_connection": "local"}}}}))
    with (tmp_path / "log").open("w") as log:
        ended = run_playbook(_play(tmp_path, wanted=strategy is None), inventory, log, print, folder=tmp_path)
    assert ended.failures == ()
    assert ended.status == "successful", (tmp_path / "log").read_text()


@pytest.mark.parametrize("installed", [True, False])
def test_playbooks_of_nodes(
    installed: bool, settings: AnsibleInitSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playbook, "STRATEGIES", mitogen_strategies() if installed else tmp_path / "none")
    _play(settings.playbooks, wanted=installed)
    assert go(replace(settings, program=PROGRAM))[0] == 0, written(settings).error
