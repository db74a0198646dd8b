from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from slurm_appliance import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["mirror", *arguments])


def test_help_lists_the_commands() -> None:
    shown = call("--help").stdout
    for command in ("up", "down", "reset", "status", "sync", "publish", "remove", "prune"):
        assert f" {command} " in shown


def test_a_mirror_that_never_was_is_down(folder: Path) -> None:
    shown = call("status")
    assert shown.exit_code == 3
    assert shown.stdout == f"down\n0 bytes used by database and packages in {folder}/slurm-appliance/mirror\n"


def test_mistakes_in_the_list_are_a_usage_error(folder: Path) -> None:
    listing = folder / "mirror.yaml"
    listing.write_text("repositories: {debian: {type: deb, url: 'http://example.org/', suite: [stable]}}")
    refused = call("sync", "--config", str(listing))
    assert refused.exit_code == 2
    head, missing, unknown, remedy = refused.stderr.splitlines()
    assert head.startswith(f"slurm-appliance: {listing}: ")
    assert missing.startswith("  │ repositories.debian.suites: ")
    assert unknown.startswith("  │ repositories.debian.suite: ")
    assert "'suites'" in unknown
    assert remedy.startswith("  → ")
    assert "docs/mirror.md" in remedy


@pytest.mark.parametrize("arguments", [("publish",), ("remove", "20261123T031500", "--yes"), ("prune", "--keep", "1")])
def test_commands_on_a_mirror_that_is_down_say_so(folder: Path, arguments: tuple[str, ...]) -> None:
    listing = folder / "mirror.yaml"
    listing.write_text("repositories: {rocky: {type: rpm, url: 'http://example.org/'}}")
    refused = call(*arguments, *(["--config", str(listing)] if arguments[0] == "publish" else []))
    assert refused.exit_code == 1
    what, remedy = refused.stderr.splitlines()
    assert what.startswith("slurm-appliance: mirror: ")
    assert "slurm-appliance mirror up" in remedy


def test_down_and_reset_of_a_mirror_that_never_was_are_no_error(folder: Path) -> None:
    assert call("down").stdout == "not running\n"
    assert call("reset", "--yes").stdout == "removed\n"
    assert not (folder / "slurm-appliance/mirror").exists()
