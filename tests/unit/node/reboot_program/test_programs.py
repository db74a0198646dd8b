"""The three programs as processes: what Slurm calls, the service, and the helper that tells Slurm."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.reboot_program.spool import Spool
from slurm_appliance.hostvars.reboot_targets import targets_file
from tests.fakes.nova import FakeCloud
from tests.unit.node.reboot_program.programs import Programs


def _servers(programs: Programs, cloud: FakeCloud, names: list[str]) -> tuple[str, dict[str, str]]:
    old, new = cloud.add_image(), cloud.add_image()
    ids = {name: cloud.add_server(name, old) for name in names}
    (programs.folder / "targets.json").write_bytes(targets_file({name: (server, new) for name, server in ids.items()}))
    return new, ids


def _end_at_once(service: subprocess.Popen[str]) -> str:
    service.kill()
    return service.communicate(timeout=20)[1]


def test_the_request_is_on_disk_when_the_program_ends(programs: Programs) -> None:
    programs.targets("c1", "c2", "c3", "x7")
    service = programs.service()

    ended = programs.reboot("c[1-3],x7", "big,fast")
    _end_at_once(service)

    assert ended.returncode == 0, ended.stderr
    asked = {node for _, request in Spool(programs.spool).pending() for node in request.nodes}
    assert asked | {entry.node for entry in Spool(programs.spool).entries()} == {"c1", "c2", "c3", "x7"}


def test_slurmctld_runs_it_with_its_standard_files_closed(programs: Programs) -> None:
    syslog = programs.folder / "log"
    programs.targets("c1", "c2", "c3")
    service = programs.service()
    program = f"""
from pathlib import Path
from reboot_program import handover, log
log._SYSLOG = Path({str(syslog)!r})
raise SystemExit(handover.main(["c[1-3]"]))
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(syslog))
        command = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} 0<&- 1>&- 2>&-"
        ended = subprocess.run(["sh", "-c", command], env=programs.environment, timeout=40, check=False)
        listener.setblocking(False)
        said = listener.recv(4096).decode()
    _end_at_once(service)

    assert ended.returncode == 0, said
    assert "delivered: c[1-3]" in said


def test_a_node_that_is_not_ours_is_refused_and_the_others_go_on(programs: Programs) -> None:
    programs.targets("c1")
    service = programs.service()

    ended = programs.reboot("c1,login-0")
    log = _end_at_once(service)

    assert ended.returncode == 1
    assert "request" in log
    assert programs.told()[0].startswith("update nodename=login-0 state=DOWN")
    assert not [line for line in programs.told() if "c1" in line and "no record" in line]


def test_another_user_s_requests_are_refused(programs: Programs) -> None:
    programs.targets("c1")
    settings = json.loads((programs.folder / "reboot.yml").read_text())
    programs.settings(**{**settings, "slurm_user": "nobody"})
    service = programs.service()
    programs.folder.chmod(0o755)
    for folder in programs.folder.parents:
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    program = (
        "import json, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(json.dumps({'nodes': 'c1'}).encode() + b'\\n'); print(s.makefile().readline())"
    )

    command = ["setpriv", "--reuid", "daemon", "--clear-groups", "/usr/bin/python3", "-c", program]
    stranger = subprocess.run(
        [*command, str(programs.sockets.requests)], capture_output=True, text=True, timeout=30, check=True
    )
    _end_at_once(service)

    answer = json.loads(stranger.stdout)
    assert f"uid {pwd.getpwnam('daemon').pw_uid}" in answer["error"]
    assert not list(Spool(programs.spool).pending())


def test_a_service_without_its_socket_says_what_to_do(programs: Programs) -> None:
    command = [sys.executable, "-m", "reboot_program.service"]
    ended = subprocess.run(command, env=programs.environment, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 1
    assert "systemctl start slurm-appliance-reboot.socket" in ended.stderr


@pytest.mark.parametrize("arguments", [(), ("c1", "f", "more"), ("--help",)])
def test_wrong_arguments(programs: Programs, arguments: tuple[str, ...]) -> None:
    ended = programs.reboot(*arguments)

    assert ended.returncode == 2
    assert "usage" in ended.stderr


def test_a_list_that_cannot_be_read(programs: Programs) -> None:
    ended = programs.reboot("c[1-")

    assert ended.returncode == 1
    assert "c[1-" in ended.stderr


def test_a_request_that_cannot_be_handed_over_reaches_slurm(programs: Programs) -> None:
    programs.settings(requests=str(programs.folder / "nobody-there.sock"))

    ended = programs.reboot("c[1-2]")

    assert ended.returncode == 1
    assert programs.told()[0].startswith("update nodename=c1,c2 state=DOWN reason=slurm-appliance-reboot: ")
    assert "state=DRAIN" in programs.told()[-1]


def test_from_the_call_to_nodes_that_are_back(programs: Programs, cloud: FakeCloud) -> None:
    new, ids = _servers(programs, cloud, ["c1", "c2"])
    service = programs.service()
    assert programs.reboot("c[1-2]").returncode == 0

    end = time.monotonic() + 30
    while {cloud.image_of(server) for server in ids.values()} != {new} or any((programs.spool / "nodes").iterdir()):
        assert time.monotonic() < end, "the nodes are not back within 30 s"
        time.sleep(0.05)
    service.terminate()
    _, said = service.communicate(timeout=20)

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
    programs.ask(*names)
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
    assert str(programs.spool) in said


def test_no_credential(programs: Programs) -> None:
    programs.targets("c1")
    programs.ask("c1")

    service = programs.service("--once")
    _, said = service.communicate(timeout=30)

    assert service.returncode == 0, said
    assert programs.told()[0].startswith("update nodename=c1 state=DOWN")
    assert "clouds.yaml" in programs.told()[0]
