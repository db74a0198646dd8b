"""Without its feature, what test_cluster.py sees of it is not so: those tests can fail."""

from collections.abc import Callable, Iterator

import pytest

from tests.lifecycle.cluster.live import Live
from tests.vm.cluster import test_cluster as on

#: What needs a kernel of its own, off: processes by their parents, no limits, login for all. A limit of memory and
#: swap holds without one of memory, too.
OFF = {
    "cgroup": {"ConstrainRAMSpace": "no", "ConstrainSwapSpace": "no", "ConstrainCores": "no"},
    "options": {"ProctrackType": "proctrack/linuxproc"},
}


@pytest.fixture(scope="module")
def off(live: Live) -> Iterator[Live]:
    """The cluster with the features off, and on again afterwards."""
    # A node that an earlier test left on its way would take the change when it is back, after this has begun.
    live.wait_for_state("c-0", "IDLE", limit=on.BACK)
    slurm, features = live.rig.settings["slurm"], live.rig.settings.get("features", {})
    live.rig.settings["slurm"] = {"resume_timeout": slurm["resume_timeout"], **OFF}
    live.rig.settings["features"] = {**features, "pam_slurm": False}
    live.rig.up()
    live.run("c-0", "systemctl restart slurmd")
    live.wait_for_state("c-0", "IDLE", limit=on.BACK)
    try:
        yield live
    finally:
        live.run("c-0", "pkill --full 'sleep 9876[5]' || true")
        live.run("control", "scancel --user=alice")
        live.rig.settings["slurm"], live.rig.settings["features"] = slurm, features
        live.rig.up()
        live.run("c-0", "systemctl restart slurmd")
        live.wait_for_state("c-0", "IDLE", limit=on.BACK)


@pytest.mark.parametrize(
    "check",
    [
        on.test_a_job_s_memory_limit_kills_it_and_not_its_neighbour,
        on.test_a_job_has_the_cores_that_it_asked_for,
        on.test_jobs_have_a_tmp_of_their_own,
        on.test_ssh_gets_into_a_job_and_nowhere_else,
    ],
)
def test_it_fails(off: Live, check: Callable[[Live], None]) -> None:
    with pytest.raises(AssertionError):
        check(off)


def test_a_job_leaves_processes_behind(off: Live) -> None:
    with pytest.raises(TimeoutError, match=on.PROCESS_ENDS):
        on.test_what_a_job_leaves_behind_ends_with_it(off)
