"""One environment in a project of a cloud, with state and stack file in a folder of the test's."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.deployment import operations
from slurm_appliance.deployment.operations import Done
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.session import Session, open_session
from tests.fakes.project import FakeProject

#: site.yml needs nodes that boot.
WITHOUT_SITE = ("**slurm-appliance:index:Site::**", "**slurm-appliance:index:Site$**")

SETTINGS: dict[str, Any] = {
    "cluster_name": "demo",
    "cluster_image": "image-a",
    "cluster_networks": [{"network": "cluster"}],
    "key_pair": "operators",
    "control_node_flavor": "small",
    "login": {"entry": {"nodes": ["login-0"], "flavor": "small"}},
    "compute": {"general": {"nodes": ["c-[0-1]"], "flavor": "small", "ignore_image_changes": True}},
}


def furnish(project: FakeProject) -> None:
    """What SETTINGS asks for."""
    project.add_network("cluster")
    project.add_image("image-a")
    project.add_image("image-b")
    project.add_key_pair("operators")


class Rig:
    """An environment that is brought up, changed and taken down.

    Attributes:
        settings: its configuration; tests change it.
        lines: what was said to the operator.
        folder: where everything of it is.
        alone: whether this process does nothing else, as one of our commands.
        written: what the stack file was before the first run, where somebody asks.
    """

    def __init__(self, folder: Path, name: str = "test", excluded: tuple[str, ...] = WITHOUT_SITE) -> None:
        self.name = name
        self.folder = folder
        self.written = ""
        self.settings = copy.deepcopy(SETTINGS)
        self.more: dict[str, Any] = {}
        self.lines: list[str] = []
        self.stacks = folder / "stacks"
        self.stacks.mkdir(exist_ok=True)
        self._excluded = excluded
        self.alone = False

    @property
    def stack_file(self) -> Path:
        return self.stacks / f"Pulumi.{self.name}.yaml"

    def session(self, say: Callable[[str], None] | None = None) -> Session:
        """A session with the settings as they are now."""
        config = {f"slurm-appliance:{key}": value for key, value in self.settings.items()} | self.more
        self.stack_file.write_text(yaml.dump({"config": config}))
        return open_session(
            self.name, say or self.lines.append, stacks=self.stacks, excluded=self._excluded, alone=self.alone
        )

    def up(self, **options: Any) -> Done:
        done = operations.up(self.session(), lambda _plan: True, **options)
        assert done is not None
        return done

    def preview(self) -> DeploymentPlan:
        return operations.preview(self.session())

    def destroy(self, *, delete_volumes: bool = False) -> Done:
        done = operations.destroy(self.session(), lambda _what: True, delete_volumes=delete_volumes)
        assert done is not None
        return done

    def resources(self) -> dict[str, dict[str, Any]]:
        """The recorded resources by URN."""
        return {each["urn"]: each for each in self.session().deployment().get("resources", [])}

    def ids(self, type_: str = "Instance") -> dict[str, str]:
        """Ids of the recorded resources of a kind, by name."""
        return {
            urn.rpartition("::")[2]: each["id"]
            for urn, each in self.resources().items()
            if each["type"].endswith(f":{type_}")
        }

    def state_text(self) -> str:
        layout = self.session().layout
        assert layout is not None
        return json.dumps(layout.read())


def use(project: FakeProject, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process, and what it starts, use a project, and keep everything in a folder."""
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("PULUMI_CREDENTIALS_PATH", str(folder / "nobody"))
