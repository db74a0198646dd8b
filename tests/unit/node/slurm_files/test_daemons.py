"""Waiting for daemons: until they answer, or have ended. systemd and Slurm's commands are scripts here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.slurm_files.daemons import DaemonError, Daemons
from node.slurm_files.plan import DaemonAction

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> calls
case "$*" in
  show*) cat state ;;
  *restart*|*start*) cp after state ;;
esac
"""
ACTIVE = "ActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0\n"
FAILED = "ActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=1\n"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the commands that daemons are reached by; their daemon runs."""
    scripts = {
        "systemctl": SYSTEMCTL,
        "scontrol": '#!/bin/sh\necho "scontrol $*" >> calls\necho "Slurmctld(primary) at x is UP"\n',
        "journalctl": "#!/bin/sh\ncat log\n",
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name, text in {"state": ACTIVE, "after": ACTIVE, "log": "", "calls": ""}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


@pytest.fixture
def port() -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def calls(node: Path) -> list[str]:
    """What changed something."""
    lines = (node / "calls").read_text().splitlines()
    return [line for line in lines if " show " not in line and " ping" not in line]


def test_a_restart_is_followed_by_a_reconfigure(node: Path, port: int) -> None:
    Daemons().do("slurmctld", DaemonAction.RESTART, port)
    assert calls(node) == [
        "systemctl reset-failed slurmctld.service",
        "systemctl --no-block restart slurmctld.service",
        "scontrol reconfigure",
    ]


def test_a_daemon_with_nothing_to_do_must_answer(node: Path, port: int) -> None:
    Daemons().do("slurmctld", DaemonAction.NOTHING, port)
    assert calls(node) == []
    (node / "state").write_text(FAILED)
    with pytest.raises(DaemonError, match=r"slurmctld\b.*\bstatus 1\b"):
        Daemons().do("slurmctld", DaemonAction.NOTHING, port)


@pytest.mark.parametrize(
    "state", [FAILED, ACTIVE.replace("active\nSubState=running", "activating\nSubState=auto-restart")]
)
def test_a_daemon_that_has_ended_is_not_waited_for(node: Path, port: int, state: str) -> None:
    (node / "after").write_text(state)
    (node / "log").write_text("slurmctld: fatal: Invalid node names in partition batch\n")
    with pytest.raises(DaemonError, match=r"slurmctld\b.*\bstatus \d") as raised:
        Daemons().do("slurmctld", DaemonAction.RESTART, port)
    assert raised.value.log == ["slurmctld: fatal: Invalid node names in partition batch"]


@pytest.mark.usefixtures("node")
def test_a_daemon_that_lives_and_does_not_answer() -> None:
    with pytest.raises(DaemonError, match=r"slurmctld\b.*\b1 s\b"):
        Daemons(timeout=1).do("slurmctld", DaemonAction.START, 1)


def test_a_database_that_refuses_slurmdbd_is_not_waited_for(node: Path) -> None:
    (node / "log").write_text("slurmdbd: error: mysql_real_connect failed: 1045 Access denied for user 'slurm'\n")
    with pytest.raises(DaemonError, match=r"MariaDB\b.*\bslurmdbd"):
        Daemons().do("slurmdbd", DaemonAction.RESTART, 1)
