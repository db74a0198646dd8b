"""What only kernels of their own show of a cluster: each test needs what the one before left, a cluster that is up."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import PATIENCE, wait_until
from tests.lifecycle.cluster.live import Live
from tests.vm.boots import BOOT_ID, wait_for_other_boot
from tests.vm.cluster.conftest import RESUME_SECONDS

#: Seconds until a node is back after a boot, and some for the wait itself.
BACK = RESUME_SECONDS + 60.0
#: Lists what a job left behind.
LEFT = "pgrep --full 'sleep 9876[5]' || true"
PROCESS_ENDS = "the process to end"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "OUT_OF_MEMORY", "TIMEOUT", "NODE_FAIL")


def ended(live: Live, job: str) -> str:
    """A job's state, once it has ended."""
    wait_until(f"job {job} to end", lambda: live.job_state(job) in ENDED, 60 * PATIENCE, 1)
    return live.job_state(job)


def wait_until_it_runs(live: Live, job: str) -> None:
    """Wait for a job's start."""
    wait_until(f"job {job} to run", lambda: live.job_state(job) == "RUNNING", 60 * PATIENCE, 1)


@contextmanager
def running_job(live: Live, memory: int) -> Iterator[str]:
    """A job of alice's that runs, and is over afterwards; its memory in MiB."""
    job = live.submit("alice", f"--mem={memory}", "sleep 900")
    try:
        wait_until_it_runs(live, job)
        yield job
    finally:
        live.run("control", f"scancel {job}")
        there = "squeue --noheader --format=%A"
        wait_until(f"job {job} to be gone", lambda: job not in live.run("control", there).split(), 60 * PATIENCE, 1)


def of_alice(live: Live, command: str) -> str:
    """What a command says to alice, whose home directory root cannot read over NFS."""
    done = live.as_user("alice", command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_kernel_s_nfs_server_exports_each_bundle_to_its_node_only(live: Live) -> None:
    assert live.run("control", "systemctl is-active nfs-server.service") == "active"
    exported = live.run("control", "exportfs -s").splitlines()
    (bundle,) = [line for line in exported if "/nodes/life-c-0 " in f"{line} "]
    assert f"{live.address('c-0')}(" in bundle
    # It checks that a file is below what is exported unless it says that it does not.
    assert "no_subtree_check" not in bundle
    assert live.run("c-0", "findmnt --noheadings --output FSTYPE /home") == "nfs4"


def test_a_job_s_memory_limit_kills_it_and_not_its_neighbour(live: Live) -> None:
    with running_job(live, 100) as neighbour:
        hungry = live.submit("alice", "--mem=100", "exec python3 -c 'bytearray(400 << 20)'")
        assert ended(live, hungry) == "OUT_OF_MEMORY"
        assert live.job_state(neighbour) == "RUNNING"


def test_a_job_has_the_cores_that_it_asked_for(live: Live) -> None:
    assert live.run("c-0", "nproc --all") == "2"
    one = live.submit("alice", "--cpus-per-task=1 --mem=50", "taskset --cpu-list 0-1 nproc > ~/cores; exit 0")
    assert ended(live, one) == "COMPLETED"
    assert of_alice(live, "cat ~/cores") == "1"


def test_what_a_job_leaves_behind_ends_with_it(live: Live) -> None:
    # The Epilog kills what is left of a user after the last job on a node. Only control groups know which job it is of.
    with running_job(live, 50) as other:
        job = live.submit("alice", "--mem=50", "setsid sleep 98765 < /dev/null > /dev/null 2>&1 &\nsleep 1")
        assert ended(live, job) == "COMPLETED"
        wait_until(PROCESS_ENDS, lambda: not live.run("c-0", LEFT), 60)
        assert live.job_state(other) == "RUNNING"


def test_jobs_have_a_tmp_of_their_own(live: Live) -> None:
    live.run("c-0", "touch /tmp/of-the-node")
    job = live.submit("alice", "--mem=50", "touch /tmp/of-the-job; ls /tmp > ~/tmp")
    assert ended(live, job) == "COMPLETED"
    assert of_alice(live, "cat ~/tmp") == "of-the-job"
    assert live.login.run(live.address("c-0"), "test -e /tmp/of-the-job").returncode == 1


def test_ssh_gets_into_a_job_and_nowhere_else(live: Live) -> None:
    refused = live.ssh("alice", "c-0")
    assert refused.returncode != 0, refused.stdout
    with running_job(live, 100) as job:
        let_in = live.ssh("alice", "c-0", "cat /proc/self/cgroup")
        assert let_in.returncode == 0, let_in.stderr
        assert f"job_{job}/" in let_in.stdout
    assert live.ssh("alice", "c-0").returncode != 0


def test_a_node_s_clock_follows_the_site_s_time_server(live: Live) -> None:
    """The control node is the site's time server here: it serves the time that it has."""
    settings = "/etc/chrony/chrony.conf"
    live.run("control", f"printf 'allow\\nlocal stratum 8\\n' >> {settings}; systemctl restart chrony")
    try:
        # As at a boot: chrony sets the clock within its first updates, and slews it later.
        live.run("c-0", "systemctl stop chrony; date --set='+90 seconds'; systemctl start chrony")
        live.run("c-0", "chronyc waitsync 120 0.5 0 2", limit=300)
        assert live.address("control") in live.run("c-0", "chronyc -n sources")
        apart = int(live.run("c-0", "date +%s")) - int(live.run("control", "date +%s"))
        assert abs(apart) < 45, "two logins take some of them"
    finally:
        live.run("control", f"sed -i -e '/^allow$/d' -e '/^local stratum 8$/d' {settings}; systemctl restart chrony")


def test_a_node_that_boots_without_its_nfs_server_waits_for_it(live: Live) -> None:
    before = live.run("c-0", BOOT_ID)
    live.run("control", "systemctl stop nfs-server.service")
    try:
        live.login.run(live.address("c-0"), "systemctl reboot")
        wait_for_other_boot(live.login, live.address("c-0"), before, BACK)
        waiting = "journalctl --boot --unit compute-init --grep 'next attempt' --quiet"
        wait_until("compute-init to wait", lambda: live.login.run(live.address("c-0"), waiting).returncode == 0, BACK)
    finally:
        live.run("control", "systemctl start nfs-server.service")
    live.wait_for_state("c-0", "IDLE", limit=BACK)
    job = live.submit("alice", "--mem=50", "test -w ~")
    assert ended(live, job) == "COMPLETED"


def test_new_mount_options_wait_for_a_job_in_its_home(live: Live) -> None:
    def home_options(node: str) -> list[str]:
        return live.run(node, "findmnt --noheadings --output OPTIONS --mountpoint /home").split(",")

    job = live.submit("alice", "--mem=50", "cd && until test -e done; do sleep 1; done; rm done")
    wait_until_it_runs(live, job)
    live.rig.settings["home"] = {"mount_options": ["rw", "nofail", "_netdev", "noatime"]}
    try:
        live.rig.up()
        assert "noatime" in home_options("login-0"), "nobody uses it there"
        assert "noatime" not in home_options("c-0")
        assert live.job_state(job) == "RUNNING"
        of_alice(live, "touch done")
        assert ended(live, job) == "COMPLETED"
    finally:
        live.run("control", f"scancel {job} || true")
        del live.rig.settings["home"]
        live.rig.up()
    assert not [node for node in ("login-0", "c-0") if "noatime" in home_options(node)]


def test_an_image_brings_a_kernel_under_a_job_that_uses_its_home(live: Live, other_kernel: GlanceImage) -> None:
    first, kernel = live.image("c-0"), live.run("c-0", "uname -r")
    boot = live.run("c-0", BOOT_ID)
    job = live.submit("alice", "--mem=50", "until test -e ~/stop; do date +%s >> ~/ticks; sleep 1; done")
    wait_until_it_runs(live, job)
    live.rig.settings["cluster_image"] = other_kernel.name
    live.rig.up()
    assert live.image("control") == other_kernel.id
    assert live.run("control", "uname -r").endswith("rt-amd64")
    assert live.job_state(job) == "RUNNING"
    ticks = int(of_alice(live, "wc -l < ~/ticks"))
    wait_until("the job to write", lambda: int(of_alice(live, "wc -l < ~/ticks")) > ticks, 60)
    assert (live.image("c-0"), live.run("c-0", BOOT_ID), live.run("c-0", "uname -r")) == (first, boot, kernel)
    of_alice(live, "touch ~/stop")
    assert ended(live, job) == "COMPLETED"

    live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-0")
    wait_until("the node's new image", lambda: live.image("c-0") == other_kernel.id, BACK)
    live.wait_for_state("c-0", "IDLE", limit=BACK)
    assert live.run("c-0", "uname -r").endswith("rt-amd64")
    assert ended(live, live.submit("alice", "--mem=50", "uname -r | grep rt-amd64")) == "COMPLETED"


@pytest.mark.parametrize("node", ["control", "login-0", "c-0"])
def test_no_unit_has_failed(live: Live, node: str) -> None:
    assert live.run(node, "systemctl --failed --no-legend --plain") == ""
    assert live.run(node, "systemctl is-system-running") == "running"
