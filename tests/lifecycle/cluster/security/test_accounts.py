"""Who becomes root on which node: what root on a compute node, and a user, can do about it through shared files."""

import base64
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from tests.engine.node_fixtures import Login
from tests.lifecycle.cluster.live import Live

MARKER = "/var/lib/rc-was-run"
EVERY = ("control", "login-0", "c-0", "d-0")


def write_over_nfs(live: Live, node: str, path: str, content: str, uid: int) -> str:
    """As root on a node, write a file of the home share as any user; returns what the client printed."""
    encoded = base64.b64encode(content.encode()).decode()
    url = f"nfs://{live.address('control')}/exports/home/{path}?version=4&uid={uid}&gid={uid}"
    return live.login.run(
        live.address(node), f"echo {encoded} | base64 --decode > /root/planted; nfs-cp /root/planted '{url}' 2>&1"
    ).stdout


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Login:
    """Somebody with a key that the cluster does not know."""
    key = tmp_path_factory.mktemp("stranger") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return Login(key)


@pytest.fixture(scope="module")
def attacked(live: Live, stranger: Login) -> Iterator[None]:
    """Files of the share are forged, by root on a compute node and by a user, and site.yml has run since."""
    # Earlier releases left the deploy user a folder on the share: the attack is made where it worked.
    live.run("control", "install -d -o 1000 -g 1000 -m 700 /exports/home/debian /exports/home/debian/.ssh")
    rc = f"#!/bin/sh\nsudo touch {MARKER}\n"
    try:
        said = write_over_nfs(live, "c-0", "debian/.ssh/rc", rc, 1000)
        assert live.run("control", "cat /exports/home/debian/.ssh/rc") == rc.strip(), f"the attack was made: {said}"
        write_over_nfs(live, "c-0", "debian/.ssh/authorized_keys", stranger.key.with_suffix(".pub").read_text(), 1000)
        write_over_nfs(live, "c-0", "debian/.bashrc", f"sudo touch {MARKER}\n", 1000)
        planted = live.as_user("mallory", "rm -rf .ssh; mkdir .ssh; ln -s /etc/munge/munge.key .ssh/authorized_keys")
        assert planted.returncode == 0, planted.stderr
        live.run("control", f"rm -f {MARKER}")
        assert live.site(everything=True)["exit_status"] == 0
        yield
    finally:
        live.run("control", "rm -rf /exports/home/debian")


@pytest.mark.usefixtures("attacked")
def test_root_on_a_compute_node_does_not_become_root_on_the_control_node(live: Live, stranger: Login) -> None:
    for node in EVERY:
        assert stranger.run(live.address(node), "id").returncode == 255
    assert live.run("control", f"test -e {MARKER} && echo run || echo not run") == "not run"


@pytest.mark.parametrize("node", EVERY)
@pytest.mark.parametrize("name", ["debian", "sven"])
def test_nobody_who_may_become_root_has_a_home_that_nodes_share(live: Live, node: str, name: str) -> None:
    home = live.run(node, f"getent passwd {name} | cut -d: -f6")
    assert home == f"/var/lib/slurm-appliance/home/{name}"
    said = live.run(node, f"findmnt --noheadings --output FSTYPE --target {home}; stat --format '%U %a' {home}")
    filesystem, owner = said.splitlines()
    assert (filesystem in ("nfs", "nfs4", "fuse.sshfs"), owner) == (False, f"{name} 700")
    assert live.run(node, f"stat --format '%U %a' /etc/ssh/authorized_keys.d/{name}") == "root 644"


def test_an_administrator_gets_in_everywhere(live: Live) -> None:
    for node in EVERY:
        assert live.ssh("sven", node, "sudo -n id -un").stdout == "root\n"


#: Names the files of a node that anybody can read and that hold the munge key's first bytes. The files' names come on
#: standard input; a key is any bytes, which tools that look for lines do not take.
FIND_KEY = """
import pathlib, sys
start = pathlib.Path("/etc/munge/munge.key").read_bytes()[:64]
names = sys.stdin.buffer.read().split(b"\\0")[:-1]
assert len(start) == 64 and len(names) > 100, (len(start), len(names))
print(*(name.decode() for name in names if start in pathlib.Path(name.decode()).read_bytes()), sep="\\n")
"""


@pytest.mark.usefixtures("attacked")
def test_a_link_in_a_home_directory_publishes_nothing(live: Live) -> None:
    for node in ("control", "login-0", "c-0"):
        names = live.run(
            node,
            "runuser -u nobody -- find /etc /var/lib /tmp /var/tmp -xdev -type f -size -64k -readable -print0 "
            f"2>/dev/null | python3 -c {shlex.quote(FIND_KEY)}",
        )
        assert names == "", node
    assert live.run("login-0", "wc -l < /etc/ssh/authorized_keys.d/mallory") == "1"
