"""Slurm's own authentication in place of munge: on all nodes, and changed only while no job runs."""

from collections.abc import Iterator

import pytest
from openstack.connection import Connection

from slurm_appliance.image.images import GlanceImage
from slurm_appliance.site.failure import SiteError
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.lifecycle.cluster.live import COMPUTE, RESUME_TIMEOUT, Live, running
from toolchain.ensure import Toolchain

NODES = ("control", "login-0", *COMPUTE)


@pytest.fixture(scope="module")
def live(
    cloud: Cloud,
    user: Connection,
    fat_image: GlanceImage,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """A cluster without munge."""
    slurm = {"resume_timeout": RESUME_TIMEOUT, "auth_type": "slurm"}
    with running(cloud, user, fat_image.name, tmp_path_factory.mktemp("authentication"), slurm=slurm) as made:
        yield made


def _ran(live: Live, job: str) -> None:
    wait_until(f"job {job} to end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"), 120)
    assert live.job_state(job) == "COMPLETED"


def test_jobs_run_without_munge(live: Live) -> None:
    _ran(live, live.submit("alice", "--nodes=3", "srun hostname"))
    done = live.as_user("alice", "srun --nodes=3 hostname")
    assert done.returncode == 0, done.stderr
    for node in NODES:
        assert live.run(node, "systemctl is-active munge || true") == "inactive"
        assert live.run(node, "ls /etc/munge/munge.key 2>&1 || true").endswith("No such file or directory")


def test_users_cannot_read_the_key(live: Live) -> None:
    assert live.run("login-0", "systemctl is-active sackd") == "active"
    for node in NODES:
        owner = live.run(node, "stat --dereference --format='%U %a' /etc/slurm/slurm.key")
        assert owner in ("slurm 400", "slurm 600")


def test_a_second_run_changes_nothing(live: Live) -> None:
    said = live.site(everything=True)
    assert (said["exit_status"], said["changed_tasks"], said["changed"]) == (0, {}, 0)


def test_a_node_comes_back_from_a_rebuild_by_slurm(live: Live) -> None:
    boot = live.run("c-1", "cat /proc/sys/kernel/random/boot_id")
    live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-1")
    wait_until("c-1 to be back", lambda: live.node("c-1")["state"] == "IDLE", RESUME_TIMEOUT + 60)
    assert live.run("c-1", "cat /proc/sys/kernel/random/boot_id") != boot
    _ran(live, live.submit("alice", "--nodelist=life-c-1", "hostname"))


def test_it_changes_only_while_no_job_runs(live: Live) -> None:
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 100000")
    wait_until("the job to run", lambda: live.job_state(job) == "RUNNING", 60)
    live.rig.settings["slurm"] = {"resume_timeout": RESUME_TIMEOUT}

    with pytest.raises(SiteError) as raised:
        live.rig.up()

    assert "slurm.auth_type" in str(raised.value.evidence)
    assert live.job_state(job) == "RUNNING"
    _ran(live, live.submit("alice", "--nodelist=life-c-1", "hostname"))
    live.run("control", f"scancel {job}")
    wait_until("the job to end", lambda: not live.run("control", "squeue --noheader"), 60)
    live.rig.up()
    _ran(live, live.submit("alice", "--nodes=3", "srun hostname"))
    for node in NODES:
        assert live.run(node, "systemctl is-active munge") == "active"
        assert live.run(node, "systemctl is-active sackd || true") == "inactive"
        assert live.run(node, "ls /etc/slurm/slurm.key 2>&1 || true").endswith("No such file or directory")
