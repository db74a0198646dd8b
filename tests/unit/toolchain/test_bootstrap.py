import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import bootstrap, paths

ENTRY = paths.REPOSITORY / "slurm-appliance"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ([], "user"),
        (["--help"], "user"),
        (["doctor"], "user"),
        (["cloud", "test"], "user"),
        (["test", "--tier", "unit"], "dev"),
        (["check"], "dev"),
    ],
)
def test_only_development_commands_get_the_development_environment(
    arguments: list[str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLURM_APPLIANCE_ENVIRONMENT", raising=False)
    assert bootstrap.environment_kind(arguments) == kind


def test_the_development_environment_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_APPLIANCE_ENVIRONMENT", "dev")
    assert bootstrap.environment_kind(["doctor"]) == "dev"


def test_a_changed_lock_gets_another_folder(tmp_path: Path) -> None:
    lock = tmp_path / "user.txt"
    lock.write_text("a==1\n")
    first = bootstrap.environment_folder(lock)
    assert bootstrap.environment_folder(lock) == first
    lock.write_text("a==2\n")
    assert bootstrap.environment_folder(lock) != first


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ".cache/slurm-appliance/x"),
        ("relative", ".cache/slurm-appliance/x"),
        ("/cache", "/cache/slurm-appliance/x"),
    ],
)
def test_cache_folder_follows_the_xdg_rules(value: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert paths.cache_folder("x") == Path.home() / expected


@pytest.fixture
def empty_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock that installs nothing, in a checkout and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    lock = tmp_path / "user.txt"
    lock.write_text("# nothing\n")
    return lock


def test_two_starts_at_once_make_one_environment(empty_lock: Path, tmp_path: Path) -> None:
    folder = bootstrap.environment_folder(empty_lock)
    program = (
        "import sys; from pathlib import Path; from toolchain import bootstrap as b;"
        f"b.REPOSITORY = Path({str(tmp_path)!r}); b.make_environment(Path({str(folder)!r}), Path({str(empty_lock)!r}))"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", program], cwd=paths.REPOSITORY, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [start.communicate(timeout=120)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert sum("first start" in text for text in said) == 1
    assert (folder / "ready").exists()


def test_an_environment_that_was_never_finished_is_made_again(empty_lock: Path) -> None:
    folder = bootstrap.environment_folder(empty_lock)
    folder.mkdir(parents=True)
    (folder / "half").touch()
    bootstrap.make_environment(folder, empty_lock)
    assert (folder / "ready").exists()
    assert not (folder / "half").exists()


def test_a_package_that_is_not_in_the_lock_is_refused_with_a_remedy(
    empty_lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "thing-1-py3-none-any.whl"
    wheel.write_bytes(b"not what the hash says")
    empty_lock.write_text(f"thing @ {wheel.as_uri()} --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = bootstrap.environment_folder(empty_lock)
    with pytest.raises(bootstrap.BootstrapError, match=empty_lock.name) as refused:
        bootstrap.make_environment(folder, empty_lock)
    assert "pip config list" in refused.value.remedy
    assert not (folder / "ready").exists()


def test_a_cache_that_cannot_be_written_gets_a_clear_sentence(
    empty_lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = bootstrap.environment_folder(empty_lock)
    with pytest.raises(bootstrap.BootstrapError) as refused:
        bootstrap.make_environment(folder, empty_lock)
    assert refused.value.where == str(folder)
    assert isinstance(refused.value.__cause__, NotADirectoryError)
    assert "XDG_CACHE_HOME" in refused.value.remedy


def test_link_follows_the_environment_and_spares_a_folder_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    for name in ("one", "two"):
        bootstrap.link_environment(tmp_path / name)
        assert os.readlink(tmp_path / ".venv") == str(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".venv"]
    (tmp_path / ".venv").unlink()
    (tmp_path / ".venv").mkdir()
    bootstrap.link_environment(tmp_path / "one")
    assert not (tmp_path / ".venv").is_symlink()


def test_works_from_any_folder_and_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "appliance"
    link.symlink_to(ENTRY)
    ended = subprocess.run(
        [link, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True, env=_development()
    )
    assert ended.stdout.startswith("slurm-appliance ")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is all of PATH: what the entry script calls, and the Pythons of a test."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in ("dirname", "readlink"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def fake_python(path: Path, version: str) -> Path:
    """A Python of a version: it answers what it is asked about that, and says what it is called with otherwise."""
    enough = tuple(map(int, version.split("."))) >= (3, 11)
    path.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        f"--version) echo Python {version} ;;\n"
        f"-c) exit {0 if enough else 1} ;;\n"
        f'*) echo "{path.name} runs" "$@" ;;\n'
        "esac\n"
    )
    path.chmod(0o755)
    return path


def start(programs: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(programs), **variables}
    return subprocess.run(["/bin/sh", ENTRY, *arguments], env=environment, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("version", "found"), [("3.9.2", "Python 3.9.2"), ("", "no python3")])
def test_an_old_python_or_none_gets_a_clear_sentence(version: str, found: str, programs: Path) -> None:
    if version:
        fake_python(programs / "python3", version)
    ended = start(programs, "doctor")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Python 3.11" in ended.stderr
    assert found in ended.stderr
    assert "SLURM_APPLIANCE_PYTHON=/path" in ended.stderr
    assert len(ended.stderr.splitlines()) == 2


def test_a_newer_python_beside_an_old_one_is_taken(programs: Path) -> None:
    fake_python(programs / "python3", "3.9.2")
    fake_python(programs / "python3.13", "3.13.1")
    ended = start(programs, "config", "show", "a file")
    assert ended.stdout == f"python3.13 runs {paths.REPOSITORY}/toolchain/bootstrap.py config show a file\n"


def test_the_python_that_is_named_is_taken_or_none(programs: Path, tmp_path: Path) -> None:
    fake_python(programs / "python3", "3.11.2")
    named = fake_python(tmp_path / "my python", "3.12.0")
    assert start(programs, SLURM_APPLIANCE_PYTHON=str(named)).stdout.startswith("my python runs ")
    for old, what in ((fake_python(tmp_path / "old", "3.10.4"), "Python 3.10.4"), (tmp_path / "none", "no Python")):
        ended = start(programs, "doctor", SLURM_APPLIANCE_PYTHON=str(old))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "Python 3.11" in ended.stderr
        assert f"SLURM_APPLIANCE_PYTHON={old} is {what}" in ended.stderr


def _development() -> dict[str, str]:
    """The environment for a start that finds the packages of the running tests instead of installing others."""
    return {**os.environ, "SLURM_APPLIANCE_ENVIRONMENT": "dev", "SLURM_APPLIANCE_PYTHON": _base_python()}


def _base_python() -> str:
    # The interpreter that made the running environment: the same folder name comes out of the same interpreter.
    return str(getattr(sys, "_base_executable"))  # noqa: B009 - typeshed does not know it
