"""Installing Debian packages on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import apt

#: Holds a lock as apt does, until its input ends.
_HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lists_are_updated_before_giving_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def run(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        calls.append(command[1])
        return subprocess.CompletedProcess(command, int(command[1] == "install"), "E: Unable to locate package x\n")

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(apt.PackageInstallError) as caught:
        apt.install(["x"])
    assert calls == ["install", "update", "install"]
    assert caught.value.evidence == "E: Unable to locate package x"
    assert "sources" in caught.value.remedy


def test_only_debian_packages_can_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(apt.PackageInstallError, match=r"postgresql.*apt-get"):
        apt.install(["postgresql"])


@pytest.fixture
def dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dpkg database of the test's own, for the real apt-get."""
    if shutil.which("apt-get") is None or not Path("/var/lib/dpkg/status").exists():
        pytest.skip("needs apt-get on Debian")
    for folder in ("dpkg", "lists/partial", "cache/archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", tmp_path / "dpkg/status")
    settings = tmp_path / "apt.conf"
    settings.write_text(
        f'Dir::State::status "{tmp_path}/dpkg/status";\nDir::State::lists "{tmp_path}/lists";\n'
        f'Dir::Cache "{tmp_path}/cache";\nDir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n'
        f'Dir::Log "{tmp_path}";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(settings))
    monkeypatch.setattr(apt, "_INTERVAL", 0.05)
    return tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get takes locks as root only")
@pytest.mark.parametrize("lock", ["dpkg/lock-frontend", "cache/archives/lock"])
def test_another_package_manager_is_waited_for(dpkg: Path, lock: str) -> None:
    apt.install(["base-files"])
    command = [sys.executable, "-c", _HOLDER, str(dpkg / lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waited: list[str] = []

        def end(said: str) -> None:
            waited.append(said)
            assert holder.stdin is not None
            holder.stdin.close()

        apt.install(["base-files"], end)
    (said,) = waited
    assert said.startswith(f"Could not get lock {dpkg / lock}")
    assert f"process {holder.pid} " in said


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get takes locks as root only")
def test_a_lock_that_stays_is_named(dpkg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_PATIENCE", 0)
    command = [sys.executable, "-c", _HOLDER, str(dpkg / "dpkg/lock-frontend")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(apt.PackageInstallError) as caught:
            apt.install(["base-files"])
    assert "other package manager" in caught.value.remedy
    assert str(holder.pid) in caught.value.evidence
