"""Stacks for tests: the real engine and the project's own toolchain, with state in a temporary folder."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from slurm_appliance.engine import automation
from toolchain import build
from toolchain.ensure import Toolchain
from toolchain.home import assemble
from toolchain.pieces import Origin

#: What protects the state's secrets in tests.
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The toolchain as a user gets it; the first test of a fresh machine waits for its builds."""
    return automation.ensured_toolchain()


@pytest.fixture(scope="session")
def toolchain_with_our_plugins(toolchain: Toolchain) -> Toolchain:
    """The same with the plugins that are built here, for tests of those plugins."""
    provisions = tuple(
        replace(provision, origin=Origin.BUILT, path=build.build(provision.piece, "it is tested"))
        if provision.piece.plugin
        else provision
        for provision in toolchain.provisions
    )
    return Toolchain(provisions, assemble(provisions))


@pytest.fixture(scope="session")
def stack_folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes folders for stacks."""
    return lambda: tmp_path_factory.mktemp("stack")


def backend_variables(folder: Path) -> dict[str, str]:
    """The environment variables of a state in a folder, apart from whatever login the user has."""
    return {
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_CREDENTIALS_PATH": str(folder),
    }


class Sandbox:
    """A stack whose program is a function, given anew to each operation; it has to succeed.

    When a resource fails, the SDK leaves an inline program's event loop open; use Project for that.

    Attributes:
        folder: state, logs, whatever the test's commands write.
    """

    def __init__(self, folder: Path, toolchain: Toolchain) -> None:
        self.folder = folder
        self._program: Callable[[], None] = lambda: None
        self._stack = automation.open_stack(
            "test",
            toolchain,
            variables=backend_variables(folder),
            folder=folder,
            program=self._run_program,
            project="sandbox",
        )

    def _run_program(self) -> None:
        self._program()

    def run(
        self, operation: automation.Operation, program: Callable[[], None] = lambda: None
    ) -> automation.OperationOutcome:
        """Run an operation with this program."""
        self._program = program
        return automation.run(self._stack, operation)

    def state_text(self) -> str:
        """The recorded state as it lies on disk."""
        return recorded_text(self.folder, "sandbox")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The recorded resources by their names."""
        return recorded_resources(self.folder, "sandbox")


class Project:
    """A project folder whose Python program, run by the language host, makes the commands of ``commands.json``.

    Attributes:
        folder: project, state, whatever the test's commands write.
    """

    PROGRAM = """
import json, pathlib, pulumi
from pulumi_command import local
for name, inputs in json.loads(pathlib.Path(__file__).with_name("commands.json").read_text()).items():
    limit = inputs.pop("create_limit", None)
    opts = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=limit)) if limit else None
    local.Command(name, opts=opts, **inputs)
"""

    def __init__(self, folder: Path, toolchain: Toolchain) -> None:
        self.folder = folder
        (folder / "Pulumi.yaml").write_text("name: plain\nruntime: python\n")
        (folder / "__main__.py").write_text(self.PROGRAM)
        self.environment = {**os.environ, **toolchain.variables(), **backend_variables(folder)}
        self._stack = automation.open_stack("test", toolchain, variables=backend_variables(folder), folder=folder)

    def write(self, **commands: dict[str, Any]) -> None:
        """Set the commands: inputs by name; ``create_limit`` is a time limit such as ``2s``."""
        (self.folder / "commands.json").write_text(json.dumps(commands))

    def run(self, operation: automation.Operation, *, continue_on_error: bool = False) -> automation.OperationOutcome:
        """Run an operation through the automation API."""
        return automation.run(self._stack, operation, continue_on_error=continue_on_error)

    def start(self, *arguments: str, output: IO[str]) -> subprocess.Popen[str]:
        """Start plain ``pulumi`` as a shell does: in a process group of its own."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--stack", "test", "--color", "never"],
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def resources(self) -> dict[str, dict[str, Any]]:
        """The recorded resources by their names."""
        return recorded_resources(self.folder, "plain")


def recorded_text(folder: Path, project: str) -> str:
    """The state of the stack ``test`` as it lies on disk."""
    return (folder / f".pulumi/stacks/{project}/test.json").read_text()


def recorded_resources(folder: Path, project: str) -> dict[str, dict[str, Any]]:
    """The resources in the state of the stack ``test``, by their names."""
    recorded = json.loads(recorded_text(folder, project))["checkpoint"]["latest"].get("resources", [])
    return {resource["urn"].rpartition("::")[2]: resource for resource in recorded}
