"""File systems that need a kernel of their own: a second NFS server, which is the login node here."""

from collections.abc import Iterator

import pytest

from tests.lifecycle.cluster.live import Live
from tests.vm.cluster.test_cluster import BACK, ended

EXPORT, POINT = "/srv/projects", "/projects"
_SERVE = f"""
mkdir -p {EXPORT} /etc/exports.d && chmod 1777 {EXPORT}
echo '{EXPORT} 10.66.0.0/24(rw,sync,no_subtree_check)' > /etc/exports.d/test.exports
systemctl start nfs-server.service && exportfs -ra
"""


@pytest.fixture(scope="module")
def mounted(live: Live) -> Iterator[Live]:
    """The cluster with the second server's export on its compute node; without it again afterwards."""
    live.run("login-0", _SERVE)
    server = {"type": "nfs", "server": live.address("login-0"), "export": EXPORT}
    live.rig.settings["filesystems"] = {"projects": {**server, "mount_point": POINT, "groups": ["general"]}}
    live.rig.up()
    try:
        yield live
    finally:
        del live.rig.settings["filesystems"]
        live.rig.up()
        live.run("login-0", "rm /etc/exports.d/test.exports && systemctl stop nfs-server.service")


def test_a_job_writes_to_a_second_nfs_server(mounted: Live) -> None:
    found = mounted.run("c-0", f"findmnt --noheadings --output FSTYPE,SOURCE --mountpoint {POINT}")
    assert found.split() == ["nfs4", f"{mounted.address('login-0')}:{EXPORT}"]
    assert ended(mounted, mounted.submit("alice", "--mem=50", f"id --name --user > {POINT}/of-the-job")) == "COMPLETED"
    assert (
        mounted.run("login-0", f"cat {EXPORT}/of-the-job; stat --format=%U {EXPORT}/of-the-job").split()
        == ["alice"] * 2
    )


def test_the_health_check_drains_a_node_that_has_lost_it(mounted: Live) -> None:
    mounted.run("c-0", f"umount --lazy {POINT}")
    assert f"{POINT} is not mounted" in mounted.run("c-0", "/usr/sbin/slurm-appliance-health --check 2>&1 || true")
    mounted.run("c-0", "systemctl start projects.mount")
    mounted.run("c-0", "/usr/sbin/slurm-appliance-health --check")
    mounted.wait_for_state("c-0", "IDLE", limit=BACK)
