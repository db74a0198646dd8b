"""The mirror as a service: what runs, as whom, and what is left of it when it is stopped, killed, or cannot start."""

import fcntl
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror.machine import account
from tests.engine.mirror.command import Mirror, free_port, until


@pytest.fixture(autouse=True)
def up_again(mirror: Mirror) -> Iterator[None]:
    """Whatever a test did to the mirror, the next one finds it up."""
    yield
    mirror.up("--host-name", "")


def test_a_mirror_that_is_up_is_left_as_it_is(mirror: Mirror) -> None:
    before = mirror.record()
    said = mirror.up().stdout
    assert said == f"up already: serving snapshots at http://127.0.0.1:{mirror.port}/pulp/content/\n"
    assert mirror.record() == before


def test_status_tells_versions_memory_and_urls(mirror: Mirror) -> None:
    status = mirror.json("status")
    assert status["state"] == "up"
    assert status["missing"] == []
    assert {"core", "deb", "rpm"} <= set(status["versions"])
    assert status["content_url"] == f"http://127.0.0.1:{mirror.port}/pulp/content/"
    assert status["memory"] > 50_000_000
    assert status["processes"] >= len(["supervisor", "postgresql", "api", "content", "worker"])


def test_processes_run_as_a_user_of_their_own_who_reads_neither_the_password_nor_the_home_of_root(
    mirror: Mirror,
) -> None:
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in mirror.processes() if pid != mirror.record()["pid"]}
    assert owners - {0} == {account().uid}
    password = mirror.state / "admin-password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.stat().st_uid == 0
    secret = password.read_bytes().strip()
    for pid in mirror.processes():
        assert secret not in Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    for log in (mirror.state / "logs").iterdir():
        assert secret not in log.read_bytes(), log
    for name in ("settings.py", "database.key"):
        assert stat.S_IMODE((mirror.state / name).stat().st_mode) == 0o640


def test_a_process_that_dies_is_started_again(mirror: Mirror) -> None:
    os.kill(mirror.process("pulpcore-worker"), signal.SIGKILL)
    until(lambda: mirror.record()["restarts"].get("worker-1") == 1, 30, "the worker's death is noticed")
    mirror.up()
    assert mirror.json("status")["state"] == "up"


@pytest.mark.parametrize("command", ["up", "sync", "down"])
def test_two_commands_at_once_are_locked_out(mirror: Mirror, listing: Path, command: str) -> None:
    with (mirror.state / "command.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write("'mirror publish' (process 1)")
        lock.flush()
        arguments = ["--config", str(listing)] if command == "sync" else []
        refused = mirror.call(command, *arguments, status=1)
    assert refused.stderr.splitlines()[0] == "slurm-appliance: mirror: locked by 'mirror publish' (process 1) "


def test_down_ends_every_process_and_up_brings_the_same_mirror_back(mirror: Mirror, listing: Path) -> None:
    password = (mirror.state / "admin-password").read_text()
    assert mirror.call("down").stdout == "stopped\n"
    assert mirror.processes() == []
    assert mirror.call("down").stdout == "not running\n"
    assert mirror.json("status", status=3)["state"] == "down"
    refused = mirror.call("sync", "--config", str(listing), status=1)
    assert "mirror: it is not up" in refused.stderr
    assert "mirror up" in refused.stderr
    assert mirror.call("up").stdout.startswith(f"up: serving snapshots at http://127.0.0.1:{mirror.port}/")
    assert (mirror.state / "admin-password").read_text() == password


def test_a_killed_supervisor_takes_everything_with_it_and_a_start_goes_on_when_its_command_is_killed(
    mirror: Mirror,
) -> None:
    os.kill(mirror.record()["pid"], signal.SIGKILL)
    until(lambda: not mirror.processes(), 20, "all processes of the mirror are gone")
    assert mirror.json("status", status=3)["state"] == "down"
    (mirror.state / "service.json").unlink()
    with mirror.running("up") as starting:
        until((mirror.state / "service.json").exists, 60, "the supervisor has begun")
        assert starting.poll() is None
    assert mirror.up().stdout.startswith("up already: ")


def test_changed_options_start_it_anew_and_in_the_foreground_it_ends_when_it_is_asked_to(mirror: Mirror) -> None:
    before = mirror.record()["start"]
    with mirror.running("up", "--foreground", "--host-name", "localhost") as service:
        assert service.stdout is not None
        said = service.stdout.readline()
        assert said == f"up: serving snapshots at http://localhost:{mirror.port}/pulp/content/\n"
        assert mirror.record()["start"] != before
        service.terminate()
        service.communicate(timeout=120)
    assert service.returncode == 0
    assert mirror.processes() == []


def test_a_port_that_is_taken_is_named_and_nothing_is_left_running(mirror: Mirror) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as other:
        failed = mirror.call("up", "--port", str(other.getsockname()[1]), status=1)
    assert mirror.processes() == []
    assert "content" in failed.stderr
    assert "in use" in failed.stderr
