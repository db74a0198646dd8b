"""Where users, and strangers, get in."""

import re
from pathlib import Path

import pytest

from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live
from toolchain.paths import REPOSITORY

NODES = ("control", "login-0", "c-0", "c-1", "d-0")
DOCS = Path(REPOSITORY, "docs", "security.md")


def test_users_get_into_login_nodes(live: Live) -> None:
    assert live.ssh("alice", "login-0", "id -un").stdout == "alice\n"


def test_users_get_into_a_compute_node_while_they_have_a_job_there(live: Live) -> None:
    refused = live.ssh("alice", "c-0")
    assert refused.returncode == 255
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 300")
    try:
        wait_until("the job", lambda: live.job_state(job) == "RUNNING", 30)
        assert live.ssh("alice", "c-0", "hostname").stdout == "life-c-0\n"
        assert live.ssh("alice", "c-1").returncode == 255
        assert live.ssh("mallory", "c-0").returncode == 255
    finally:
        live.run("control", f"scancel {job}")


@pytest.mark.parametrize("command", ["id", "internal-sftp", "/usr/bin/env sh -c id"])
def test_users_have_no_shell_on_the_control_node(live: Live, command: str) -> None:
    done = live.ssh("alice", "control", command)
    assert (done.returncode, done.stdout) == (255, "")


def test_the_key_of_home_directories_opens_no_shell(live: Live) -> None:
    said = live.run(
        "c-0",
        "test -e /etc/slurm-appliance/home_key || { echo none; exit; }; "
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -i /etc/slurm-appliance/home_key "
        f"alice@{live.address('control')} id 2>&1 < /dev/null | head -c 300; true",
    )
    assert "uid=" not in said
    refused = live.run(
        "c-0",
        "test -e /etc/slurm-appliance/home_key || { echo denied; exit; }; "
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -i /etc/slurm-appliance/home_key "
        f"debian@{live.address('control')} id 2>&1 < /dev/null | grep -o denied | head -1",
    )
    assert refused == "denied"


def documented() -> dict[str, set[int]]:
    """Open ports by kind of node, as docs/security.md has them."""
    rows = re.findall(r"^\| (control|login|compute) \| ([0-9, ]+) \|", DOCS.read_text(), re.MULTILINE)
    return {kind: {int(port) for port in ports.split(",")} for kind, ports in rows}


def kind_of(node: str) -> str:
    return {"control": "control", "login-0": "login"}.get(node, "compute")


def listening(live: Live, node: str) -> set[int]:
    """TCP ports that a node listens on, loopback left out."""
    lines = live.run(node, "ss --tcp --listening --numeric --no-header").splitlines()
    local = [line.split()[3] for line in lines]
    return {int(at.rpartition(":")[2]) for at in local if not at.startswith(("127.", "[::1]"))}


@pytest.mark.parametrize("node", NODES)
def test_open_ports_are_those_of_the_documentation(live: Live, node: str) -> None:
    assert listening(live, node) == documented()[kind_of(node)]


def test_a_neighbour_reaches_what_is_open(live: Live) -> None:
    ports = " ".join(str(port) for port in sorted(documented()["control"]))
    for node in ("login-0", "c-0"):
        script = (
            f'for port in {ports}; do timeout 2 bash -c "</dev/tcp/{live.address("control")}/$port" && echo $port; done'
        )
        assert {int(port) for port in live.run(node, f"{script}; true").split()} == documented()["control"]


@pytest.mark.extended  # Four runs of site.yml.
def test_a_former_user_is_locked_out_everywhere(live: Live) -> None:
    users = live.rig.settings["users"]
    live.rig.settings["users"] = {name: each for name, each in users.items() if name != "mallory"}
    try:
        live.rig.up()
        assert live.ssh("mallory", "login-0").returncode == 255
        for node in NODES:
            entry = live.run(node, "getent passwd mallory; ls /etc/ssh/authorized_keys.d/mallory 2>/dev/null || true")
            assert entry.endswith(":/usr/sbin/nologin"), node
        assert live.run("control", "sacctmgr -nP show association where user=mallory format=user") == ""
        assert "mallory" in live.run("control", "ls /exports/home"), "data stays"
        again = live.site(everything=True)
        assert (again["exit_status"], again["changed"]) == (0, 0)
    finally:
        live.rig.settings["users"] = users
        live.rig.up()
    assert live.ssh("mallory", "login-0", "id -un").stdout == "mallory\n"
    assert live.run("control", "sacctmgr -nP show association where user=mallory format=user") == "mallory"
