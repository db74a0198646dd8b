"""The engine's environment: what the user has set goes first, and secrets are the owner's only."""

import json
from pathlib import Path

import pytest

from slurm_appliance.engine.settings import engine_variables, shown_backend, state_root, state_store
from slurm_appliance.errors import UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_state_and_passphrase_are_made_once_for_this_machine(home: Path) -> None:
    variables = engine_variables({})
    assert variables["PULUMI_BACKEND_URL"] == f"file://{home}/state/slurm-appliance/pulumi"
    passphrase = Path(variables["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert len(passphrase.read_text()) >= 40
    before = passphrase.read_text()
    assert engine_variables({}) == variables
    assert passphrase.read_text() == before
    assert [each.name for each in passphrase.parent.iterdir() if "passphrase" in each.name] == ["passphrase"]


def test_it_is_made_quick() -> None:
    variables = engine_variables({})
    assert variables["PULUMI_PARALLEL"] == "32"
    assert variables["GOGC"] == "400"


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "PULUMI_PARALLEL", "GOGC", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_what_the_user_has_set_stays(name: str) -> None:
    assert name not in engine_variables({"PULUMI_CONFIG_PASSPHRASE": "x", name: "mine"})


@pytest.mark.parametrize("url", ["s3://states", "gs://states", "azblob://states", "file:///shared"])
def test_no_passphrase_is_generated_for_a_shared_state(home: Path, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        engine_variables({"PULUMI_BACKEND_URL": url})
    assert caught.value.where == url
    assert not (home / "state/slurm-appliance/passphrase").exists()
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in engine_variables(
        {"PULUMI_BACKEND_URL": url, "PULUMI_CONFIG_PASSPHRASE": ""}
    )


def test_one_that_was_generated_before_still_opens_a_shared_state(home: Path) -> None:
    engine_variables({})
    variables = engine_variables({"PULUMI_BACKEND_URL": "s3://states"})
    assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(home / "state/slurm-appliance/passphrase")


def test_a_passphrase_is_not_made_beside_the_users(home: Path) -> None:
    variables = engine_variables({"PULUMI_CONFIG_PASSPHRASE": ""})
    assert not [name for name in variables if "PASSPHRASE" in name]
    assert not (home / "state/slurm-appliance/passphrase").exists()


@pytest.mark.parametrize("variable", ["PULUMI_CREDENTIALS_PATH", "PULUMI_HOME", "HOME"])
def test_a_login_is_respected(home: Path, variable: str) -> None:
    folder = home / ".pulumi" if variable == "HOME" else home / "elsewhere"
    folder.mkdir()
    (folder / "credentials.json").write_text(json.dumps({"current": "https://api.pulumi.com"}))
    given = {} if variable == "HOME" else {variable: str(folder)}
    assert "PULUMI_BACKEND_URL" not in engine_variables(given)
    assert state_root(given) is None


def test_a_login_to_a_folder_or_a_bucket_has_our_journal_too(home: Path) -> None:
    given = {"PULUMI_CREDENTIALS_PATH": str(home), "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    for current, where in (("file:///srv/state", "/srv/state/k"), ("s3://states/a?region=r", "s3://states/a/k")):
        (home / "credentials.json").write_text(json.dumps({"current": current}))
        store = state_store(given)
        assert store is not None
        assert store.where("k") == where
    (home / "credentials.json").write_text(json.dumps({"current": "https://api.pulumi.com"}))
    assert state_store(given) is None


@pytest.mark.parametrize("content", ["", "{}", '{"current": ""}'])
def test_credentials_without_a_login_are_none(home: Path, content: str) -> None:
    (home / "credentials.json").write_text(content)
    assert "PULUMI_BACKEND_URL" in engine_variables({"PULUMI_CREDENTIALS_PATH": str(home)})


@pytest.mark.parametrize(
    ("url", "expected"),
    [("file:///srv/state", Path("/srv/state")), ("file://~/state", None), ("s3://bucket", None), ("https://x", None)],
)
def test_where_the_state_is(home: Path, url: str, expected: Path | None) -> None:
    if url.startswith("file://~"):
        expected = home / "state"
    assert state_root({"PULUMI_BACKEND_URL": url}) == expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("file:///srv/state", "file:///srv/state"),
        ("s3://states/prod?region=x&endpoint=s3.example.org", "s3://states/prod"),
        ("https://me:secret@pulumi.example.org/team", "https://pulumi.example.org/team"),
        ("azblob://states?sas_token=secret", "azblob://states"),
    ],
)
def test_a_backend_is_shown_without_credentials(url: str, shown: str) -> None:
    assert shown_backend({"PULUMI_BACKEND_URL": url}) == shown
