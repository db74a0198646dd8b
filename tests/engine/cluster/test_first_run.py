"""The first run of an environment, as a CI has it: what is previewed is done, by a program, and is in the history."""

import json
import threading
from pathlib import Path

from slurm_appliance.deploy_host.commit import operator
from slurm_appliance.deployment.operations import Done
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import Rig


def test_a_preview_creates_no_stack_and_counts_what_up_does(rig: Rig, tmp_path: Path) -> None:
    # The OS_* variables are there, and no clouds.yaml with this entry.
    rig.more["openstack:cloud"] = "production"
    plan = rig.preview()
    place = rig.session().layout
    assert place is not None
    assert not place.exists()
    assert not list((tmp_path / "state").rglob(".pulumi"))

    done: list[Done] = []
    # Signals are the main thread's.
    program = threading.Thread(target=lambda: done.append(rig.up()))
    program.start()
    program.join()
    assert dict(done[0].counts) == dict(plan.counts)
    assert not any("AWS" in line for line in rig.lines)

    (update,) = json.loads(Pulumi(rig).run("stack", "history", "--json", "--stack", rig.name).stdout)
    assert (update["kind"], update["result"]) == ("update", "succeeded")
    assert update["environment"]["slurm-appliance.user"] == operator()
    assert update["resourceChanges"]["create"] == done[0].changes["create"]
