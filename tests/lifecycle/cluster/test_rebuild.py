"""A new image for a cluster at work: control and login at once, compute nodes when Slurm reboots them."""

import itertools
import subprocess
from dataclasses import dataclass

import pytest

from slurm_appliance.image.images import GlanceImage
from slurm_appliance.rollout.plan import RolloutVerdict
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.watchers import PlainLines
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import COMPUTE, RESUME_TIMEOUT, Live


@dataclass(frozen=True)
class Before:
    """What there was before the image changed.

    Attributes:
        history: a job that had ended.
        running: a job on c-1 that runs until `stop` is there.
        waiting: a job that waits for c-1.
        keys: host keys by node.
        instances: server ids by node.
    """

    history: str
    running: str
    waiting: str
    keys: dict[str, str]
    instances: dict[str, str]
    stop: str = "/var/tmp/stop"  # noqa: S108 - alone on the node
    ticks: str = "/var/tmp/ticks"  # noqa: S108 - alone on the node


def host_key(live: Live, node: str) -> str:
    """The host key that a node shows to whoever connects."""
    return subprocess.run(
        ["ssh-keyscan", "-t", "ed25519", live.address(node)], capture_output=True, text=True, check=True
    ).stdout.strip()


def instances(live: Live) -> dict[str, str]:
    return {name.removeprefix("life-"): str(each["instance_id"]) for name, each in live.hosts().items()}


@pytest.fixture(scope="module")
def before(live: Live, second_image: GlanceImage) -> Before:
    """The change of image, with jobs about."""
    history = live.submit("alice", "--nodelist=life-c-0", "true")
    wait_until("a job to end", lambda: live.job_state(history) == "COMPLETED", 60)
    found = Before(history, "", "", {node: host_key(live, node) for node in ("control", "login-0")}, instances(live))
    ticking = f"while ! test -e {found.stop}; do date +%s >> {found.ticks}; sleep 1; done"
    running = live.submit("alice", "--nodelist=life-c-1 --exclusive", ticking)
    wait_until("a job to begin", lambda: live.job_state(running) == "RUNNING", 60)
    waiting = live.submit("alice", "--nodelist=life-c-1 --exclusive", "test -x /usr/bin/tree")
    live.rig.settings["cluster_image"] = second_image.name
    changes = live.rig.up().changes
    assert set(changes) <= {"same", "update"}, changes
    return Before(history, running, waiting, found.keys, found.instances)


def test_control_and_login_have_the_image_and_compute_its_target(
    live: Live, before: Before, fat_image: GlanceImage, second_image: GlanceImage
) -> None:
    assert {node: live.image(node) for node in ("control", "login-0")} == {
        "control": second_image.id,
        "login-0": second_image.id,
    }
    assert {live.image(node) for node in COMPUTE} == {fat_image.id}
    assert live.targets() == dict.fromkeys(COMPUTE, second_image.id)
    assert instances(live) == before.instances, "rebuilt in place"
    assert {node: host_key(live, node) for node in before.keys} == before.keys


def test_running_jobs_go_on_and_waiting_ones_stay(live: Live, before: Before) -> None:
    assert live.job_state(before.history) == "COMPLETED", "the accounting outlives the rebuild"
    assert live.job_state(before.running) == "RUNNING"
    assert live.job_state(before.waiting) == "PENDING"
    # Before the job ends, because Slurm's Epilog removes what a job leaves in /var/tmp.
    ticks = [int(line) for line in live.run("c-1", f"cat {before.ticks}").split()]
    live.run("c-1", f"touch {before.stop}")
    wait_until("the job to end", lambda: live.job_state(before.running) == "COMPLETED", 60)
    assert max(b - a for a, b in itertools.pairwise(ticks)) <= 3, "it never stood still"
    # The node has its old image, where the job's program is not.
    wait_until("the next job to end", lambda: live.job_state(before.waiting) == "FAILED", 60)


def test_users_may_not_reboot_nodes(live: Live, before: Before) -> None:  # noqa: ARG001 - after the change
    done = live.as_user("alice", "srun --reboot --nodelist=life-c-0 --immediate=60 true")
    assert done.returncode != 0
    assert "only allowed for admins" in done.stderr


def test_a_job_with_reboot_runs_on_the_new_image(live: Live, before: Before, second_image: GlanceImage) -> None:
    done = live.as_user("olga", "srun --reboot --nodelist=life-c-0 sh -c 'hostname; command -v tree'", limit=180)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["life-c-0", "/usr/bin/tree"]
    assert live.image("c-0") == second_image.id
    assert live.actions("c-0") == ["create", "rebuild"]
    assert instances(live) == before.instances
    live.wait_for_state("c-0", "IDLE")

    done = live.as_user("olga", "srun --reboot --nodelist=life-c-0 cut -d. -f1 /proc/uptime", limit=180)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < RESUME_TIMEOUT
    assert live.actions("c-0") == ["create", "rebuild", "reboot"], "on its target: a plain reboot"
    live.wait_for_state("c-0", "IDLE")


def test_a_rollout_brings_the_others(
    live: Live, before: Before, second_image: GlanceImage, capsys: pytest.CaptureFixture[str]
) -> None:
    rollout = live.rollout()
    names = rollout.select(None, ())
    assert names == [f"life-{node}" for node in COMPUTE]
    end = rollout.run(names, Policy(batch=1, max_unavailable=1), PlainLines(print))
    rollout.judge(end)
    assert end.verdict is RolloutVerdict.FINISHED
    assert "life-c-0: rebooting" not in capsys.readouterr().out, "it was done"
    assert {live.image(node) for node in COMPUTE} == {second_image.id}, "the one on a volume, too"
    assert live.actions("c-1") == ["create", "rebuild"]
    assert instances(live) == before.instances
    job = live.as_user("alice", "srun --nodes=3 --immediate=60 which tree")
    assert job.stdout.splitlines() == ["/usr/bin/tree"] * 3, job.stderr


def test_ignoring_changes_can_be_switched_on_and_off(live: Live, before: Before) -> None:
    for ignore in (False, True):
        for group in live.rig.settings["compute"].values():
            group["ignore_image_changes"] = ignore
        live.rig.up()
        assert instances(live) == before.instances
        assert "rebuild" not in live.actions("c-1")[2:]
        assert {live.node(node)["state"] for node in COMPUTE} == {"IDLE"}


def test_a_node_reads_its_own_variables_only(live: Live) -> None:
    control = live.address("control")

    def read(node: str, of: str, prefix: str = "") -> "subprocess.CompletedProcess[str]":
        url = f"nfs://{control}/var/lib/state/compute-init/nodes/life-{of}/bundle.json?version=4"
        return live.login.run(live.address(node), f"cd /tmp && {prefix} timeout 20 nfs-cat '{url}'")

    own = read("c-0", "c-0")
    assert own.returncode == 0, own.stderr
    assert live.hosts()["life-c-0"]["instance_id"] in own.stdout
    secrets = (live.environment.inventory / "group_vars/all/secrets.yml").read_text()
    for name in ("mariadb_root_password", "slurm_database_password", "monitoring_password"):
        value = next(line for line in secrets.splitlines() if line.startswith(f"{name}:")).split('"')[1]
        assert value not in own.stdout
    assert len(own.stdout) < 10_000
    for denied in (read("c-0", "c-1"), read("login-0", "c-0"), read("c-0", "c-0", "runuser -u alice --")):
        assert denied.returncode != 0
        assert "instance_id" not in denied.stdout
