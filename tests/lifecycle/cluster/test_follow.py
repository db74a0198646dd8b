"""Compute nodes follow the control node by themselves: nobody opens a connection to them, and jobs go on."""

import json
import re
from typing import Any

import pytest

from slurm_appliance.site.failure import PartialSiteError
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import COMPUTE, Live

#: The files that nodes write, on the control node and as nodes know them.
SAID, KNOWN_AS = "/var/lib/state/compute-init/acknowledgements", "/var/lib/slurm-appliance/acknowledgements"
EXPORTED = "/var/lib/state/compute-init/nodes"
RECORD = "/var/lib/ansible-init/compute-init.json"
#: The roles that a compute node runs for a new user, and those of which something always runs.
OF_USERS, ALWAYS = {"accounts", "basic_users", "nfs_client", "nhc"}, {"nhc", "slurmd"}


def said(live: Live, node: str) -> dict[str, Any]:
    """What a node told the control node."""
    found: dict[str, Any] = json.loads(live.run("control", f"cat {SAID}/life-{node}/said"))
    return found


def newest(acknowledgement: dict[str, Any]) -> tuple[str, str]:
    """How it ended, and for which export."""
    return acknowledgement["status"], acknowledgement["signed"]


def logins(live: Live, node: str) -> str:
    """Every login to a node until now, that of this call included."""
    return live.run(node, "journalctl --boot --identifier sshd --identifier sshd-session --output cat | grep Accepted")


def ran(live: Live, node: str) -> set[str]:
    """The roles that the newest run of compute-init ran on a node."""
    unit = live.run(node, "systemctl show --property InvocationID --value compute-init.service")
    log = live.run(node, f"journalctl --output cat _SYSTEMD_INVOCATION_ID={unit}")
    return set(re.findall(r"^TASK \[(\w+) : ", log, re.MULTILINE))


def test_a_new_user_reaches_all_nodes_while_a_job_runs(live: Live) -> None:
    job = live.submit("alice", "--nodelist=life-c-0", "sleep 600")
    wait_until("the job to run", lambda: live.job_state(job) == "RUNNING", 60)
    pids = live.run("c-0", "pgrep -u alice")
    before = len(logins(live, "c-1").splitlines())
    live.rig.settings["users"]["nora"] = {"uid": 2042}
    live.rig.up()
    assert {node: said(live, node)["status"] for node in COMPUTE} == dict.fromkeys(COMPUTE, "done")
    # The login that asks is the only new one. The first node of a group was asked for its hardware.
    assert len(logins(live, "c-1").splitlines()) == before + 1
    assert {live.run(node, "id -u nora") for node in COMPUTE} == {"2042"}
    assert {frozenset(ran(live, node)) for node in COMPUTE} == {frozenset(OF_USERS | ALWAYS)}
    assert live.run("c-0", "pgrep -u alice") == pids
    assert live.job_state(job) == "RUNNING"
    live.run("control", f"scancel {job}")


def test_a_node_that_was_away_catches_up_by_itself(live: Live) -> None:
    live.user.compute.stop_server(live.server("d-0"))
    wait_until("the server to stop", lambda: live.server("d-0").status == "SHUTOFF", 60)
    live.rig.settings["users"]["pia"] = {"uid": 2043}
    slurm = live.rig.settings["slurm"]
    live.rig.settings["slurm"] = slurm | {"partitions": {"all": {"groups": ["general", "disk"], "default": True}}}
    with pytest.raises(PartialSiteError) as raised:
        live.rig.up()
    assert str(raised.value.evidence).startswith("life-d-0: Report this node: is away")
    assert "site.yml: is away" in live.node("d-0")["reason"]
    for node in ("c-0", "c-1"):
        assert "pia" in live.run(node, "id pia")
        assert "PartitionName=all" in live.run(
            node, "SLURM_CONF=/run/slurm/conf/slurm.conf scontrol show partition all"
        )
    live.user.compute.start_server(live.server("d-0"))
    signed = live.run("control", f"cat {EXPORTED}/life-d-0/follow")
    wait_until("d-0 to acknowledge", lambda: newest(said(live, "d-0")) == ("done", signed), 180)
    assert "pia" in live.run("d-0", "id pia")
    assert json.loads(live.run("d-0", f"cat {RECORD}"))["signed"] == signed
    # Its settings are new; that it was drained is taken back by the next run.
    live.rig.up()
    live.wait_for_state("d-0", "IDLE")


def test_a_node_speaks_for_itself_only(live: Live) -> None:
    """Root on a node cannot write another's acknowledgement or anything else, and a user cannot write at all."""
    control = live.address("control")
    before = said(live, "c-1")

    def written(path: str, prefix: str = "") -> str:
        program = (
            "import sys; sys.path.insert(0, '/usr/lib/slurm-appliance')\n"
            "from node.compute_init.small_file import SmallFiles\n"
            f"SmallFiles('{control}').write('{path}', b'forged')\n"
        )
        done = live.login.run(live.address("c-0"), f'cd / && {prefix} python3 -c "{program}"')
        assert done.returncode != 0, path
        return done.stderr

    assert "NFS4ERR_NOENT" in written(f"{KNOWN_AS}/life-c-1/said")
    assert "NFS4ERR_NOENT" in written(f"{KNOWN_AS}/life-c-0/other")
    assert "status 30" in written("/var/lib/state/compute-init/nodes/life-c-0/follow")
    assert "Permission denied" in written(f"{KNOWN_AS}/life-c-0/said", "runuser -u alice --")
    assert said(live, "c-1") == before
    assert live.run("control", f"ls {SAID}/life-c-0") == "said"
