"""Compute nodes that are in trouble while the site is configured: reported and drained, and the others go on."""

import json

import pytest

from slurm_appliance.site.failure import PartialSiteError
from slurm_appliance.site.run import PARTIAL
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import Live

BUNDLES = "/var/lib/state/compute-init/nodes"


def test_a_node_that_is_away_is_drained_and_the_others_run_jobs(live: Live) -> None:
    live.user.compute.stop_server(live.server("d-0"))
    wait_until("the server to stop", lambda: live.server("d-0").status == "SHUTOFF", 60)
    live.rig.settings["slurm"] = live.rig.settings["slurm"] | {"options": {"KillWait": 50}}
    with pytest.raises(PartialSiteError, match="without 1 of its 3 compute nodes") as raised:
        live.rig.up()
    assert str(raised.value.evidence).startswith("life-d-0: Report this node: is away")
    node = live.node("d-0")
    assert "DRAIN" in node["state"].split("+")
    assert node["reason"].startswith("site.yml: is away")
    job = live.as_user("alice", "srun --nodes=2 --immediate=60 hostname")
    assert sorted(job.stdout.split()) == ["life-c-0", "life-c-1"], job.stderr

    live.user.compute.start_server(live.server("d-0"))
    wait_until(
        "ssh", lambda: live.login.run(live.address("d-0"), "systemctl is-active compute-init").returncode != 255, 60
    )
    assert "update" in live.rig.up().changes, "it goes on with site.yml"
    live.wait_for_state("d-0", "IDLE")


def test_a_node_whose_settings_fail_says_which_task(live: Live) -> None:
    live.run(
        "c-1", "systemctl stop munge && systemctl mask --runtime munge && rm /var/lib/ansible-init/compute-init.json"
    )
    said = live.site()
    assert (said["exit_status"], said["compute_nodes_failed"]) == (PARTIAL, 1)
    (failure,) = said["failures"]
    assert failure.startswith("life-c-1: Report this node: compute-init failed in compute-init.yml: ")
    assert "munge" in failure
    assert live.node("c-1")["reason"].startswith("site.yml: compute-init failed in compute-init.yml: ")
    live.run("c-1", "systemctl unmask --runtime munge")
    assert live.site()["exit_status"] == 0
    live.wait_for_state("c-1", "IDLE")


def test_a_node_that_boots_before_its_variables_are_exported_waits_for_the_playbook(live: Live) -> None:
    live.run("control", f"mv {BUNDLES}/life-c-1/bundle.json /root/unexported")
    live.user.compute.rebuild_server(live.server("c-1"), image=live.image("c-1"))

    def record() -> dict[str, str]:
        done = live.login.run(live.address("c-1"), "cat /var/lib/ansible-init/compute-init.json")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    wait_until("compute-init to end", lambda: record().get("state") == "not-exported", 60)
    assert record()["status"] == "skipped"
    assert "waiting for site.yml" in record()["reason"]
    assert live.login.run(live.address("c-1"), "systemctl is-active slurmd").stdout.strip() == "inactive"

    assert live.site()["exit_status"] == 0
    live.wait_for_state("c-1", "IDLE")
    assert record()["state"] == "done"
