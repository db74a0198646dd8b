"""The environment's folder: what is written, for whom, and how a change from outside is noticed."""

import io
import json
from pathlib import Path

import pytest

from slurm_appliance.environment.folder import EnvironmentFolder, main


@pytest.fixture
def environment(tmp_path: Path) -> EnvironmentFolder:
    return EnvironmentFolder(tmp_path / "environments" / "test")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_lies_where_state_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert EnvironmentFolder.of("test").folder == tmp_path / "slurm-appliance/environments/test"


def test_files_are_the_owners_only(environment: EnvironmentFolder) -> None:
    assert environment.write("secrets", "t", {"inventory/group_vars/all/secrets.yml": "x: 1\n"}) == [
        "inventory/group_vars/all/secrets.yml"
    ]
    path = environment.inventory / "group_vars/all/secrets.yml"
    assert path.read_text() == "x: 1\n"
    assert _mode(path) == 0o600
    assert _mode(path.parent) & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["secrets.yml"]


def test_only_what_changed_is_written(environment: EnvironmentFolder) -> None:
    environment.write("inventory", "t", {"a": "1", "b": "2"})
    assert environment.write("inventory", "t", {"a": "1", "b": "3"}) == ["b"]
    assert environment.write("inventory", "t", {"a": "1", "b": "3"}) == []


def test_a_file_that_is_no_longer_part_of_it_goes(environment: EnvironmentFolder) -> None:
    environment.write("inventory", "t", {"a": "1", "b": "2"})
    environment.write("secrets", "t", {"c": "3"})
    assert environment.write("inventory", "t", {"a": "1"}) == ["b"]
    assert not (environment.folder / "b").exists()
    assert (environment.folder / "c").exists()


def test_the_token_stays_while_the_files_do(environment: EnvironmentFolder) -> None:
    environment.write("inventory", "t", {"a": "1"})
    assert environment.token("inventory") == "t"
    assert environment.token("secrets") != "t"


@pytest.mark.parametrize("harm", ["change", "remove", "lose the record", "garble the record"])
def test_the_token_is_new_when_somebody_was_there(environment: EnvironmentFolder, harm: str) -> None:
    environment.write("inventory", "t", {"a": "1"})
    file, record = environment.folder / "a", environment.folder / ".inventory.json"
    match harm:
        case "change":
            file.write_text("2")
        case "remove":
            file.unlink()
        case "lose the record":
            record.unlink()
        case "garble the record":
            record.write_text("[]")
    token = environment.token("inventory")
    assert token != "t"
    assert environment.token("inventory") != token, "each look finds it gone, until it is written again"
    environment.write("inventory", token, {"a": "1"})
    assert environment.token("inventory") == token
    assert file.read_text() == "1"


def test_the_command_says_what_changed_and_not_what_is_in_it(
    environment: EnvironmentFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"folder": str(environment.folder), "part": "secrets", "token": "t", "files": {"s.yml": "x: hidden"}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == {"changed": ["s.yml"]}
    assert (environment.folder / "s.yml").read_text() == "x: hidden"


def test_a_file_that_others_write_too_is_missed_when_it_is_gone(environment: EnvironmentFolder) -> None:
    file = environment.known_hosts
    first = environment.marker(file)
    environment.mark(file, first)
    assert environment.marker(file) != first, "nothing is there yet"
    file.write_text("x")
    assert environment.marker(file) == first
    file.write_text("y")
    assert environment.marker(file) == first
    file.unlink()
    assert environment.marker(file) != first
