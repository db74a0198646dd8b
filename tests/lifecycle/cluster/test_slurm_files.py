"""Changes of Slurm's files on a running cluster: what Slurm rejects touches nothing, and says where it comes from."""

import pytest

from slurm_appliance.site.failure import SiteError
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import GROUP, Live


def invocation(live: Live) -> str:
    """Of slurmctld's unit: it lasts through a reconfigure, in which the old process answers until the new one does."""
    return live.run("control", "systemctl show --property=InvocationID --value slurmctld")


def controller(live: Live) -> str:
    """The controller's process and when it started."""
    return live.run("control", "ps --no-headers -o pid,lstart -C slurmctld")


def files(live: Live) -> str:
    """Digests of the files that Slurm reads."""
    return live.run("control", "sha256sum /etc/slurm/*.conf")


def rejected(live: Live, *expected: str) -> None:
    """An up that Slurm rejects: it changes nothing, ends soon, and says why."""
    before, process = files(live), controller(live)
    with pytest.raises(SiteError) as raised:
        live.rig.up()
    evidence = str(raised.value.evidence)
    assert all(text in evidence for text in expected), evidence
    assert (files(live), controller(live)) == (before, process)


def test_mistakes_stop_nothing_and_name_their_setting(live: Live) -> None:
    """A job runs through all of it: an empty group, unknown options, a missing file, and each taken out again."""
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 600")
    wait_until(
        "the job to run", lambda: "RUNNING" in live.run("control", f"squeue --noheader --format=%T --jobs={job}"), 60
    )
    started = invocation(live)
    whole = {name: dict(live.rig.settings[name]) for name in ("compute", "slurm")}
    slurm = whole["slurm"]

    empty = {**GROUP, "nodes": []}
    live.rig.settings["compute"] = whole["compute"] | {"later": empty}
    partitions = {"all": {"groups": ["general", "disk"], "default": True}, "later": {"groups": ["later"]}}
    live.rig.settings["slurm"] = slurm | {"partitions": partitions}
    live.rig.up()
    assert invocation(live) == started
    assert "PartitionName=later" in live.run("control", "scontrol show partition later")

    live.rig.settings["slurm"] = slurm | {"options": {"Frobnicate": 1}}
    rejected(live, "unrecognized key: Frobnicate", "slurm.conf, line ", "slurm.options.Frobnicate")
    live.rig.settings["slurm"] = slurm | {"options": {"TopologyPlugin": "topology/tree"}}
    rejected(live, "topology.conf: No such file or directory", "slurm.files.topology.conf (not set)")
    live.rig.settings["slurm"] = slurm | {"cgroup": {}, "options": {"ReturnToService": "often"}}
    rejected(live, 'ReturnToService value "often" is not a valid number', "slurm.options.ReturnToService")

    live.rig.settings |= whole
    live.rig.up()
    assert invocation(live) == started
    assert "later" not in live.run("control", "sinfo --noheader --format=%P")
    assert live.site()["exit_status"] == 0
    assert live.job_state(job) == "RUNNING"
    live.run("control", f"scancel {job}")


def test_former_files_come_back_when_the_daemon_fails_after_all(live: Live) -> None:
    """What no trial sees: here the unit itself refuses one of the new settings."""
    before = live.run("control", "cat /etc/slurm/slurm.conf")
    unit = "/etc/systemd/system/slurmctld.service.d"
    refuse = '[Service]\\nExecStartPre=/bin/sh -c "! grep -q KillWait=55 /etc/slurm/slurm.conf"\\n'
    live.run("control", f"mkdir -p {unit} && printf '{refuse}' > {unit}/test.conf && systemctl daemon-reload")
    slurm = dict(live.rig.settings["slurm"])
    live.rig.settings["slurm"] = slurm | {"options": {"KillWait": 55}}
    try:
        with pytest.raises(SiteError) as raised:
            live.rig.up()
        assert "slurmctld exited" in str(raised.value.evidence)
        assert "slurmctld runs with them" in str(raised.value.evidence)
        assert live.run("control", "cat /etc/slurm/slurm.conf") == before
        assert " is UP" in live.run("control", "scontrol ping")
    finally:
        live.run("control", f"rm -r {unit}/test.conf && systemctl daemon-reload")
        live.rig.settings["slurm"] = slurm
    live.rig.up()
    assert live.run("control", "cat /etc/slurm/slurm.conf") == before
