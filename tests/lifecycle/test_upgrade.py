"""Slurm's and the distribution's next release come as a change of image, under running jobs; and the way back.

The upgrade is killed at five moments before it is let through.
"""

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import systems
from slurm_appliance.api import ManagedCluster
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.watchers import PlainLines
from slurm_appliance.site.failure import PartialSiteError
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.engine.cluster.killing import kill_session
from tests.lifecycle.cluster.live import Live, running
from tests.lifecycle.image_fixtures import SLURM, BuildSite, fits_any_disk, full_image
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY

OLD, NEW = systems.system("debian-13"), systems.system("debian-14")


@pytest.fixture(scope="module")
def names(cloud: Cloud, build_site: BuildSite, user: Connection) -> dict[str, str]:
    """The images' names, by the release of Debian."""
    found = {}
    for each in (OLD, NEW):
        if each != systems.DEFAULT:
            lifecycle.add_image(cloud.layout, each, Steps(say))
        found[each.version] = fits_any_disk(user, full_image(build_site, user, each.name).id).name
    return found


@pytest.fixture(scope="module")
def live(
    cloud: Cloud,
    user: Connection,
    names: dict[str, str],
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Live]:
    """A cluster on the older release."""
    with running(cloud, user, names[OLD.version], tmp_path_factory.mktemp("upgrade")) as made:
        yield made


def _use(live: Live, image: str) -> None:
    live.rig.settings["cluster_image"] = image


def _slurm(live: Live, node: str, program: str) -> str:
    return live.run(node, f"{program} -V").split()[1][:5]


def _finished(live: Live, job: str) -> None:
    wait_until(f"job {job} to end", lambda: live.job_state(job) not in ("", "PENDING", "RUNNING"), 240)
    assert live.job_state(job) == "COMPLETED"


def _in_site_log(text: str) -> Callable[[Live, float], bool]:
    """Whether the run of site.yml that began since a time has come to a task."""

    def reached(live: Live, since: float) -> bool:
        logs = [path for path in live.environment.logs.glob("site-*.log") if path.stat().st_mtime >= since]
        return any(text in path.read_text(errors="replace") for path in logs)

    return reached


def _rebuilding(live: Live, _since: float) -> bool:
    return str(live.server("control").status) == "REBUILD"


#: Moments of an upgrade, each later than the one before.
MOMENTS = {
    "the control node is rebuilt": _rebuilding,
    "nothing of Slurm has changed": _in_site_log("TASK [slurmctld : Try the new files"),
    "the backup is made": _in_site_log("TASK [slurmctld : Back up Slurm's state"),
    "slurmdbd converts its database": _in_site_log("TASK [slurmdbd : Run slurmdbd"),
    "slurmctld takes over its state": _in_site_log("TASK [slurmctld : Run slurmctld"),
}


def _killed(live: Live, when: str) -> None:
    """Begin ``up``, and kill everything of it on this machine at a moment."""
    live.rig.session()  # It writes the stack file.
    since = time.time()
    command = [
        str(REPOSITORY / "slurm-appliance"),
        "--stacks",
        str(live.rig.stacks),
        "up",
        "--stack",
        live.rig.name,
        "--yes",
    ]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(f"{when}", lambda: MOMENTS[when](live, since) or process.poll() is not None, 300, 0.2)
        assert process.poll() is None, f"up ended before {when}"
    finally:
        kill_session(process.pid)
        process.wait()


def test_an_upgrade_under_a_running_job_and_the_way_back(live: Live, names: dict[str, str]) -> None:
    done_before = live.submit("alice", "--nodes=2", "srun hostname")
    _finished(live, done_before)
    runs = live.submit("alice", "--nodelist=life-c-0", "sleep 100000")
    waits = live.submit("alice", "--nodelist=life-c-0 --exclusive", "true")
    wait_until("the job to run", lambda: live.job_state(runs) == "RUNNING", 60)

    _use(live, names[NEW.version])
    assert [note.what for note in live.rig.preview().notes if "Slurm" in note.what]
    for when in MOMENTS:
        _killed(live, when)
    live.rig.up()

    assert _slurm(live, "control", "slurmctld") == SLURM[NEW.version]
    assert _slurm(live, "c-0", "slurmd") == SLURM[OLD.version], "compute nodes follow in their own time"
    assert (live.job_state(runs), live.job_state(waits)) == ("RUNNING", "PENDING")
    assert live.job_state(done_before) == "COMPLETED"
    again = live.submit("alice", "--nodelist=life-c-1", "hostname")
    _finished(live, again)
    (backup,) = ManagedCluster(live.rig.session()).slurm_backups().all
    assert backup.version.startswith(SLURM[OLD.version])
    assert backup.database
    assert live.site(everything=True)["changed"] == 0

    # A node that follows.
    live.run("control", "scontrol reboot ASAP nextstate=RESUME life-c-1")
    wait_until(
        "c-1 to have the new release",
        lambda: live.node("c-1")["state"] == "IDLE" and live.image("c-1") == live.image("control"),
        300,
    )
    assert _slurm(live, "c-1", "slurmd") == SLURM[NEW.version]
    _finished(live, live.submit("alice", "--nodelist=life-c-1", "hostname"))

    # And back: the job that ran at the time of the backup still runs on its node.
    _use(live, names[OLD.version])
    with pytest.raises(PartialSiteError, match="life-c-1"):  # Its slurmd is newer than the controller.
        ManagedCluster(live.rig.session()).restore_slurm(backup.name)
    assert _slurm(live, "control", "slurmctld") == SLURM[OLD.version]
    assert live.job_state(done_before) == "COMPLETED"
    assert live.job_state(again) == ""
    assert (live.job_state(runs), live.job_state(waits)) == ("RUNNING", "PENDING")
    live.run("control", f"scancel {runs}")
    _finished(live, waits)

    # The newer node follows, too.
    rollout = live.rollout()
    end = rollout.run(rollout.select("life-c-1", ()), Policy(batch=1, max_unavailable=1), PlainLines(print))
    rollout.judge(end)
    assert _slurm(live, "c-1", "slurmd") == SLURM[OLD.version]
    _finished(live, live.submit("alice", "--nodelist=life-c-1", "hostname"))
    assert live.site()["exit_status"] == 0
