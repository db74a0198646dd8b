"""The control node is rebuilt while a rollout is under way: nodes wait for it, and so does the rollout."""

import threading

from slurm_appliance.image.images import GlanceImage
from slurm_appliance.rollout.plan import RolloutPlan, RolloutVerdict
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.watchers import PlainLines
from tests.engine.cloud_fixtures import wait_until
from tests.lifecycle.cluster.live import COMPUTE, Live


def test_the_control_node_is_rebuilt_during_a_rollout(
    live: Live, fat_image: GlanceImage, second_image: GlanceImage
) -> None:
    wanted = fat_image if live.image("control") == second_image.id else second_image
    live.rig.settings["cluster_image"] = wanted.name
    live.rig.up()
    history = live.run("control", "sacct --allusers --noheader --allocations --format=JobID | sort | head -1")
    rollout = live.rollout()
    names = rollout.select(None, ())
    ends: list[RolloutPlan] = []
    policy = Policy(batch=1, max_unavailable=1)
    going = threading.Thread(target=lambda: ends.append(rollout.run(names, policy, PlainLines(print))))
    going.start()
    wait_until("the first node to be rebuilt", lambda: any(live.image(node) == wanted.id for node in COMPUTE), 120)
    live.user.compute.rebuild_server(live.server("control"), image=wanted.id)
    wait_until("control's rebuild", lambda: live.actions("control")[-1] == "rebuild", 60)
    said = live.site()
    assert said["exit_status"] in (0, 3), said
    going.join(600)
    assert not going.is_alive(), "the rollout waited for control, and went on"
    if not ends or ends[0].verdict is not RolloutVerdict.FINISHED:
        # What the time without control cost: a reason that is true, and a run that heals it.
        assert live.site()["exit_status"] == 0
        ends.append(rollout.run(names, policy, PlainLines(print)))
    assert ends[-1].verdict is RolloutVerdict.FINISHED
    rollout.judge(ends[-1])
    assert {live.image(node) for node in COMPUTE} == {wanted.id}
    for node in COMPUTE:
        live.wait_for_state(node, "IDLE")
    job = live.as_user("alice", "srun --nodes=3 --immediate=60 hostname")
    assert job.returncode == 0, job.stderr
    assert live.run("control", "sacct --allusers --noheader --allocations --format=JobID | sort | head -1") == history
