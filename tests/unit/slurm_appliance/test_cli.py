import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from localcloud.errors import FaultError, LocalCloudError
from mirror.errors import MirrorNotFoundError as PulpNotFoundError
from slurm_appliance import __version__, cli
from slurm_appliance.errors import ApplianceError, UsageError
from toolchain.commit import commit
from toolchain.errors import ReleaseError
from toolchain.paths import REPOSITORY

HEAVY = ("ansible_runner", "openstack", "pulumi", "pulumi_openstack", "pydantic", "yaml")


def test_importing_the_command_line_stays_light() -> None:
    program = f"import slurm_appliance.cli, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"


COMMANDS = [
    "adopt", "check", "check-cluster", "cloud", "config", "demo", "destroy", "doctor", "env", "history", "image",
    "init", "locks",
    "mirror", "plan",
    "preview",
    "rollout", "schema", "secrets", "site", "slurm", "status", "test", "toolchain", "unlock", "up",
    "update",
]  # fmt: skip


def every_command(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of each command, the groups' own included."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, *path, name)


def test_help_lists_the_commands() -> None:
    shown = CliRunner().invoke(cli.app, ["--help"])
    assert shown.exit_code == 0
    for command in COMMANDS:
        assert f"│ {command} " in shown.stdout
    assert sorted(path[0] for path in every_command(get_command(cli.app)) if len(path) == 1) == COMMANDS


@pytest.mark.parametrize("path", [*every_command(get_command(cli.app))], ids=" ".join)
def test_every_command_and_option_is_explained(path: tuple[str, ...]) -> None:
    command: Any = get_command(cli.app)
    for name in path:
        command = command.commands[name]
    assert command.help
    assert not re.search(r"[^\n]\n[^\n]", command.help), "a paragraph is as wide as the terminal"
    unexplained = [each.name for each in command.params if not getattr(each, "help", "")]
    assert not unexplained
    assert CliRunner().invoke(cli.app, [*path, "--help"]).exit_code == 0


def test_version() -> None:
    shown = CliRunner().invoke(cli.app, ["--version"]).stdout
    found = commit()
    assert shown.startswith(f"slurm-appliance {__version__}")
    assert (f"({found[:10]}" in shown) is bool(found)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ApplianceError, 1),
        (UsageError, 2),
        (ReleaseError, 1),
        (PulpNotFoundError, 2),
        (LocalCloudError, 1),
        (FaultError, 2),
    ],
)
def test_an_error_of_any_package_is_a_sentence_and_an_exit_status(
    error: type[ApplianceError | LocalCloudError], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error("no such flavor 'huge'", where="compute.general.flavor", remedy="one of: small, large")

    monkeypatch.setattr("slurm_appliance.deploy_host.doctor.findings", fail)
    ended = CliRunner().invoke(cli.app, ["doctor"])
    assert ended.exit_code == status
    assert ended.stderr == (
        "slurm-appliance: compute.general.flavor: no such flavor 'huge'\n  → one of: small, large\n"
    )


@pytest.mark.parametrize("command", ["status", "preview", "up", "destroy", "history", "locks", "check-cluster", "site"])
def test_the_stack_that_pulumi_selects_is_meant(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "there-is-none")
    ended = CliRunner().invoke(cli.app, [command])
    assert ended.exit_code != 0
    assert "there-is-none" in ended.stderr
