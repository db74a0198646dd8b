"""slurmctld, the RebootProgram and a cloud: what happens when Slurm reboots nodes."""

import pwd
import subprocess
import time

from node.reboot_program.holding import FailureNotice
from node.reboot_program.slurm import Slurm
from tests.engine.rollout.conftest import RESUME_TIMEOUT, Bed
from tests.engine.rollout.slurm_cluster import wait_for


def _back(bed: Bed, *names: str) -> bool:
    nodes = bed.slurm.nodes()
    return all(nodes[name].flags == {"IDLE"} for name in names)


def test_srun_reboot_rebuilds_once_and_then_reboots(bed: Bed) -> None:
    first = bed.slurm.command("srun", "--reboot", "--nodes=2", "--nodelist=c1,c2", "sh", "-c", "echo $SLURMD_NODENAME")

    assert sorted(first.split()) == ["c1", "c2"]
    assert (bed.image("c1"), bed.image("c2"), bed.image("c3")) == (bed.new, bed.new, bed.old)
    assert (bed.actions("c1"), bed.actions("c3")) == (["rebuild"], [])
    wait_for("c1 to be idle", lambda: _back(bed, "c1"))

    bed.slurm.command("srun", "--reboot", "--nodelist=c1", "true")

    assert bed.actions("c1") == ["rebuild", "reboot"]


def test_slurm_calls_the_program_as_its_user_with_a_node_list(bed: Bed) -> None:
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c[1-3]")
    wait_for("the nodes to come back", lambda: bed.image("c3") == bed.new and _back(bed, "c1", "c2", "c3"))

    (call,) = bed.reboot_calls()
    assert call["argv"] == ["c1,c2,c3"]
    assert call["uid"] == pwd.getpwnam("slurm").pw_uid
    assert [bed.actions(name) for name in ("c1", "c2", "c3")] == [["rebuild"]] * 3


def test_jobs_end_before_the_reboot_and_none_starts(bed: Bed) -> None:
    bed.slurm.command("sbatch", "--nodelist=c1", "--exclusive", "--output=/dev/null", "--wrap=sleep 4")
    wait_for("the job to run", lambda: bed.slurm.nodes()["c1"].busy)
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c1")
    bed.slurm.command("sbatch", "--nodelist=c1", "--exclusive", "--output=/dev/null", "--wrap=true")
    wait_for("both jobs to end", lambda: len(bed.slurm.jobs()) == 2)

    (operation,) = bed.cloud.operations
    first, second = bed.slurm.jobs()
    assert (first.state, second.state) == ("COMPLETED", "COMPLETED")
    assert first.end <= operation.began
    assert second.start >= int(operation.ended)


def test_a_node_that_cannot_be_rebuilt_stays_out_of_service_with_the_reason(bed: Bed) -> None:
    """Slurm alone would put it back on its old image when ResumeTimeout ends: its slurmd answers."""
    del bed.cloud.images[bed.new]
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c1")
    bed.slurm.command("sbatch", "--nodelist=c1", "--output=/dev/null", "--wrap=true")
    wait_for("c1 to be held", lambda: "slurm-appliance-reboot" in bed.slurm.nodes()["c1"].reason)

    _stays_out_of_service(bed, "c1")


def _stays_out_of_service(bed: Bed, name: str) -> None:
    """Through the end of ResumeTimeout and the pings that follow it."""
    end = time.monotonic() + RESUME_TIMEOUT + 40
    while time.monotonic() < end:
        node = bed.slurm.nodes()[name]
        assert not node.in_service, node
        assert f"target image {bed.new} does not exist" in node.reason
        assert not node.busy
        time.sleep(1)
    settled = {"IDLE", "DRAIN"}, {"DOWN", "DRAIN"}, {"DOWN", "DRAIN", "NOT_RESPONDING"}
    wait_for("Slurm to give its reboot up", lambda: bed.slurm.nodes()[name].flags in settled)


def test_down_alone_does_not_hold_a_node_whose_slurmd_answers(bed: Bed) -> None:
    """Why the RebootProgram does more than set it DOWN; should a later Slurm hold it, that can go."""
    bed.stop_service()
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c1")
    wait_for("Slurm to call the program", lambda: bed.slurm.nodes()["c1"].rebooting)
    bed.slurm.command("scontrol", "update", "nodename=c1", "state=DOWN", "reason=broken")

    wait_for("c1 to be back in service", lambda: _back(bed, "c1"), seconds=RESUME_TIMEOUT + 60)
    assert bed.image("c1") == bed.old


def test_no_job_starts_on_a_node_while_it_is_being_held(bed: Bed) -> None:
    bed.stop_service()
    slurm = Slurm(str(bed.slurm.folder / "scontrol"))
    (bed.slurm.folder / "scontrol").write_text(
        f'#!/bin/sh\nSLURM_CONF={bed.slurm.folder}/slurm.conf exec scontrol "$@"\n'
    )
    (bed.slurm.folder / "scontrol").chmod(0o755)
    bed.slurm.command("sbatch", "--nodes=8", "--exclusive", "--output=/dev/null", "--wrap=true", "--hold")
    for _ in range(10):
        bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c[1-8]")
        wait_for("Slurm to call the program", lambda: all(node.rebooting for node in bed.slurm.nodes().values()))
        bed.slurm.command("scontrol", "release", "1")
        slurm.tell(list(bed.slurm.names), FailureNotice.TAKE_OUT, "held")
        assert all("DRAIN" in node.flags for node in bed.slurm.nodes().values())
        assert bed.slurm.jobs() == []
        bed.slurm.command("scontrol", "hold", "1")
        bed.slurm.command("scontrol", "update", "nodename=c[1-8]", "state=RESUME")
        wait_for("all nodes to be idle", lambda: _back(bed, *bed.slurm.names))


def test_a_job_that_waits_for_a_reboot_ends_when_its_node_cannot_be_rebuilt(bed: Bed) -> None:
    del bed.cloud.images[bed.new]
    started = time.monotonic()
    said = bed.slurm.command("srun", "--reboot", "--nodelist=c1", "true", check=False)

    assert said == ""
    assert time.monotonic() - started < RESUME_TIMEOUT
    assert bed.actions("c1") == []
    _stays_out_of_service(bed, "c1")


def test_a_server_that_never_boots_is_down_with_the_reason(bed: Bed) -> None:
    bed.never_boots.add("c1")
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c1")
    wait_for("the reason", lambda: "slurmd has not registered" in bed.slurm.nodes()["c1"].reason, seconds=90)
    assert "DOWN" in bed.slurm.nodes()["c1"].flags

    # On its image all the same: coming up later, it is welcome.
    bed.slurm.start_node("c1", fresh=True)
    wait_for("c1 to be back", lambda: _back(bed, "c1"))
    assert bed.image("c1") == bed.new


def test_slurmctld_away_during_a_rebuild(bed: Bed) -> None:
    bed.cloud.rebuild_seconds = 5.0
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c1")
    wait_for("the rebuild to begin", lambda: bed.actions("c1") == ["rebuild"])
    bed.slurm.stop_controller()
    wait_for("the rebuild to end", lambda: bed.cloud.operations)
    bed.slurm.start_controller()

    wait_for("c1 to be back", lambda: _back(bed, "c1"))
    assert bed.actions("c1") == ["rebuild"]


def test_slurm_user_reads_neither_the_credential_nor_the_spool(bed: Bed) -> None:
    for path in (bed.slurm.folder / "clouds.yaml", bed.slurm.folder / "reboot-spool"):
        command = ["setpriv", "--reuid=slurm", "--regid=slurm", "--clear-groups", "find", str(path), "-type", "f"]
        said = subprocess.run([*command, "-exec", "cat", "{}", "+"], capture_output=True, text=True, check=False)
        assert said.returncode != 0
        assert "Permission denied" in said.stderr


def test_a_node_without_a_target_is_out_of_service_with_the_reason(bed: Bed) -> None:
    del bed.ids["c8"]
    bed.target(bed.new)
    bed.slurm.command("scontrol", "reboot", "ASAP", "nextstate=RESUME", "reason=test", "c8")

    wait_for("the reason", lambda: "no record of this node" in bed.slurm.nodes()["c8"].reason)
    wait_for("it to be drained", lambda: "DRAIN" in bed.slurm.nodes()["c8"].flags)
    assert bed.cloud.actions() == []


def test_root_runs_no_jobs(bed: Bed) -> None:
    said = subprocess.run(
        ["srun", "--immediate=20", "true"], env=bed.slurm.environment, capture_output=True, text=True, check=False
    )

    assert said.returncode != 0
    assert bed.slurm.command("squeue", "--noheader") == ""
