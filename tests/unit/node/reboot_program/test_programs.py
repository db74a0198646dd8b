"""The two programs as processes: what Slurm calls, and the service."""

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.reboot_program.spool import Spool
from slurm_appliance.reboot_targets import targets_file
from tests.fakes.nova import FakeCloud
from toolchain.paths import REPOSITORY

#: Stands in for scontrol: shows all nodes as waiting until a file says they booted; keeps what it is told.
_SCONTROL = """#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
*"show node"*)
    for node in $(echo "$4" | tr , " "); do
        state="DOWN+DRAIN+REBOOT_ISSUED"
        test -e "booted-$node" && state="IDLE"
        test -e "drained" && state="IDLE+DRAIN"
        echo "NodeName=$node CPUAlloc=0 State=$state BootTime=1"
    done ;;
*)
    case "$*" in *state=DRAIN*) touch drained ;; esac
    echo "$*" >> told ;;
esac
"""


class Programs:
    """A folder with settings for both programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self._started: list[subprocess.Popen[str]] = []
        (folder / "scontrol").write_text(_SCONTROL)
        (folder / "scontrol").chmod(stat.S_IRWXU)
        self.settings(
            targets=str(folder / "targets.json"),
            clouds=str(folder / "clouds.yaml"),
            spool=str(self.spool),
            scontrol=str(folder / "scontrol"),
            poll=0.05,
            gap=0.05,
            limit=20,
        )
        self.environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY / "node"),
            "SLURM_APPLIANCE_REBOOT_SETTINGS": str(folder / "reboot.yml"),
        }

    def settings(self, **values: object) -> None:
        (self.folder / "reboot.yml").write_text(json.dumps(values))

    def reboot(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reboot_program", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=False)

    def service(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "reboot_program.service", *arguments]
        started = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self._started.append(started)
        return started

    def end(self) -> None:
        """End what a test that failed left running."""
        for started in self._started:
            if started.poll() is None:
                started.kill()
            started.communicate()

    def told(self) -> list[str]:
        told = self.folder / "told"
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    made = Programs(tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def cloud(programs: Programs) -> Iterator[FakeCloud]:
    with FakeCloud().serving() as cloud:
        (programs.folder / "clouds.yaml").write_text(cloud.clouds_yaml())
        cloud.on_boot = lambda name: (programs.folder / f"booted-{name}").touch()
        yield cloud


def _servers(programs: Programs, cloud: FakeCloud, names: list[str]) -> tuple[str, dict[str, str]]:
    old, new = cloud.add_image(), cloud.add_image()
    ids = {name: cloud.add_server(name, old) for name in names}
    (programs.folder / "targets.json").write_bytes(targets_file({name: (server, new) for name, server in ids.items()}))
    return new, ids


def test_the_request_is_on_disk_when_the_program_ends(programs: Programs) -> None:
    ended = programs.reboot("c[1-3],x7", "big,fast")

    assert ended.returncode == 0, ended.stderr
    ((_, request),) = Spool(programs.spool).pending()
    assert request.nodes == ("c1", "c2", "c3", "x7")
    assert request.features == "big,fast"


def test_slurmctld_runs_it_with_its_standard_files_closed(programs: Programs) -> None:
    syslog = programs.folder / "log"
    program = f"""
from pathlib import Path
from reboot_program import handover, log
log._SYSLOG = Path({str(syslog)!r})
raise SystemExit(handover.main(["c[1-3]"]))
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(syslog))
        command = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} 0<&- 1>&- 2>&-"
        ended = subprocess.run(["sh", "-c", command], env=programs.environment, timeout=30, check=False)
        listener.setblocking(False)
        said = listener.recv(4096).decode()

    assert ended.returncode == 0, said
    assert "3 node(s): c[1-3]" in said
    ((_, request),) = Spool(programs.spool).pending()
    assert request.nodes == ("c1", "c2", "c3")


@pytest.mark.parametrize("arguments", [(), ("c1", "f", "more"), ("--help",)])
def test_wrong_arguments(programs: Programs, arguments: tuple[str, ...]) -> None:
    ended = programs.reboot(*arguments)

    assert ended.returncode == 2
    assert "usage" in ended.stderr


def test_a_list_that_cannot_be_read(programs: Programs) -> None:
    ended = programs.reboot("c[1-")

    assert ended.returncode == 1
    assert "c[1-" in ended.stderr


def test_a_request_that_cannot_be_kept_reaches_slurm(programs: Programs) -> None:
    programs.settings(spool=str(programs.folder / "reboot.yml" / "spool"))

    ended = programs.reboot("c[1-2]")

    assert ended.returncode == 1
    assert programs.told()[0].startswith("update nodename=c1,c2 state=DOWN reason=slurm-appliance-reboot: the request")
    assert "state=DRAIN" in programs.told()[-1]


def test_from_the_call_to_nodes_that_are_back(programs: Programs, cloud: FakeCloud) -> None:
    new, ids = _servers(programs, cloud, ["c1", "c2"])
    assert programs.reboot("c[1-2]").returncode == 0

    service = programs.service("--once")
    _, said = service.communicate(timeout=30)

    assert service.returncode == 0, said
    assert {cloud.image_of(server) for server in ids.values()} == {new}
    assert programs.told() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_that_dies_half_way_is_followed_by_one_that_goes_on(
    programs: Programs, cloud: FakeCloud, number: signal.Signals
) -> None:
    names = [f"c{each}" for each in range(12)]
    new, ids = _servers(programs, cloud, names)
    cloud.latency, cloud.rebuild_seconds = 0.05, 0.5
    programs.settings(**{**json.loads((programs.folder / "reboot.yml").read_text()), "parallel": 2})
    assert programs.reboot("c[0-11]").returncode == 0
    first = programs.service()
    try:
        end = time.monotonic() + 20
        while not 0 < len(cloud.actions()) < 12:
            assert time.monotonic() < end, "the first service began nothing within 20 s"
            time.sleep(0.01)
    finally:
        first.send_signal(number)
        first.communicate(timeout=20)
    begun = len(cloud.actions())

    second = programs.service("--once")
    _, said = second.communicate(timeout=60)

    assert begun < 12
    assert second.returncode == 0, said
    assert {cloud.image_of(server) for server in ids.values()} == {new}
    assert [cloud.actions(server) for server in ids.values()] == [["rebuild"]] * 12


def test_only_one_service_works_on_a_spool(programs: Programs) -> None:
    first = programs.service()
    try:
        end = time.monotonic() + 20
        while not (programs.spool / "requests").exists():
            assert time.monotonic() < end, "the first service did not start within 20 s"
            time.sleep(0.05)
        second = programs.service("--once")
        _, said = second.communicate(timeout=20)
    finally:
        first.terminate()
        first.communicate(timeout=20)

    assert second.returncode == 1
    assert "another worker" in said


def test_no_credential(programs: Programs) -> None:
    (programs.folder / "targets.json").write_bytes(targets_file({"c1": ("s", "i")}))
    assert programs.reboot("c1").returncode == 0

    service = programs.service("--once")
    _, said = service.communicate(timeout=30)

    assert service.returncode == 0, said
    assert "clouds.yaml cannot be used" in programs.told()[0]
