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
    assert environment.write("secrets", {"inventory/group_vars/all/secrets.yml": "x: 1\n"}) == [
        "inventory/group_vars/all/secrets.yml"
    ]
    path = environment.inventory / "group_vars/all/secrets.yml"
    assert path.read_text() == "x: 1\n"
    assert _mode(path) == 0o600
    assert _mode(path.parent) & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["secrets.yml"]


def test_only_what_changed_is_written(environment: EnvironmentFolder) -> None:
    environment.write("inventory", {"a": "1", "b": "2"})
    assert environment.write("inventory", {"a": "1", "b": "3"}) == ["b"]
    assert environment.write("inventory", {"a": "1", "b": "3"}) == []


def test_a_file_that_is_no_longer_part_of_it_goes(environment: EnvironmentFolder) -> None:
    environment.write("inventory", {"a": "1", "b": "2"})
    environment.write("secrets", {"c": "3"})
    assert environment.write("inventory", {"a": "1"}) == ["b"]
    assert not (environment.folder / "b").exists()
    assert (environment.folder / "c").exists()


def test_a_record_of_earlier_releases_names_the_files_too(environment: EnvironmentFolder) -> None:
    environment.write("inventory", {"a": "1", "b": "2"})
    (environment.folder / ".inventory.json").write_text('{"token": "t", "digests": {"a": "x", "b": "x"}}')
    assert environment.write("inventory", {"a": "1"}) == ["b"]


@pytest.mark.parametrize("harm", ["change", "remove", "lose the record", "garble the record"])
def test_a_file_that_somebody_changed_is_written_again(environment: EnvironmentFolder, harm: str) -> None:
    environment.write("inventory", {"a": "1"})
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
    environment.write("inventory", {"a": "1"})
    assert file.read_text() == "1"
    assert environment.write("inventory", {}) == ["a"]


def test_the_command_says_what_changed_and_not_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    request = {"environment": "test", "part": "secrets", "files": {"s.yml": "x: hidden"}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == {"changed": ["s.yml"]}
    assert (EnvironmentFolder.of("test").folder / "s.yml").read_text() == "x: hidden"
