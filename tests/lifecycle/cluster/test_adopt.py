"""The state of a running cluster is lost and made anew: no job, node or daemon notices."""

import shutil
import subprocess
import sys
from itertools import pairwise

from slurm_appliance.api import Fate, open_cluster
from slurm_appliance.engine.settings import state_root
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live
from toolchain.paths import REPOSITORY

COMMAND = (sys.executable, "-m", "slurm_appliance")
NODES = ("control", "login-0", "c-0", "c-1", "d-0")
#: Writes the time into a file in the home directory, which is on the control node, every second.
BEATING = "while date +%s >>~/beats; do sleep 1; done"
#: Longest silence of that job, in seconds: the machine is a small one, and everything of it is on two cores.
SILENCE = 10


def traces(live: Live) -> dict[str, tuple[str, ...]]:
    """What tells for each node whether it was touched: its server's actions, its boot, its daemons' starts."""
    started = "systemctl show --property=ExecMainStartTimestampMonotonic slurmctld slurmdbd slurmd mariadb"
    return {
        node: (*live.actions(node), live.run(node, "readlink /proc/1/ns/pid"), live.run(node, started))
        for node in NODES
    }


def test_a_lost_state_is_made_anew_while_a_job_runs(live: Live) -> None:
    job = live.submit("alice", "--nodelist=life-c-0", BEATING)
    wait_until("the job to run", lambda: live.run("control", "wc -l </exports/home/alice/beats || echo 0") != "0", 60)
    processes, before = live.run("c-0", "pgrep -u alice slurm_script"), traces(live)
    ids = {kind: live.rig.ids(kind) for kind in ("Instance", "Port", "Volume", "ApplicationCredential")}

    root = state_root()
    assert root is not None
    shutil.rmtree(root / ".pulumi")
    assert not live.rig.resources()
    done = open_cluster(live.rig.name, stacks=live.rig.stacks, say=live.rig.lines.append).adopt()

    assert done is not None
    assert {row.fate for row in done.adoption.rows} == {Fate.ADOPT}
    assert done.remaining.steps == ()
    assert live.rig.preview().steps == ()
    assert {kind: live.rig.ids(kind) for kind in ids} == ids
    assert traces(live) == before
    assert (live.job_state(job), live.run("c-0", "pgrep -u alice slurm_script")) == ("RUNNING", processes)
    beats = [int(line) for line in live.run("control", "cat /exports/home/alice/beats").splitlines()]
    assert max(later - earlier for earlier, later in pairwise(beats)) <= SILENCE
    live.run("control", f"scancel {job}")
    # As in docs/ci.md; every node runs its target.
    rollout = ["rollout", "--stack", live.rig.name, "--lock-timeout", "30m"]
    ended = subprocess.run([*COMMAND, "--stacks", str(live.rig.stacks), *rollout], cwd=REPOSITORY, check=False)
    assert ended.returncode == 0
    assert live.as_user("alice", "srun --immediate=60 --nodes=3 hostname").returncode == 0
