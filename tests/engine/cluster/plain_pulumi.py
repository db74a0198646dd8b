"""Plain pulumi over a project, for tests."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from slurm_appliance.engine import automation
from slurm_appliance.engine.project import prepare
from slurm_appliance.engine.settings import engine_variables
from tests.engine.cluster.rig import Rig


class Pulumi:
    """Plain pulumi, as after ``eval "$(./slurm-appliance env)"``."""

    def __init__(self, rig: Rig) -> None:
        rig.session()
        self._pieces = automation.ensured_toolchain()
        self._folder = prepare("test", rig.stacks)

    @property
    def programs(self) -> str:
        """The folder with the engine's programs."""
        return str(self._pieces.programs)

    def run(self, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self._pieces.variables(), **engine_variables(), **(more or {})}
        command = [str(self._pieces.programs / "pulumi"), *arguments, "--non-interactive", "--cwd", str(self._folder)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def state(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("stack", "export", "--stack", "test").stdout)
        return document
