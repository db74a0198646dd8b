"""Rollouts through simulated clusters: whatever happens, the rules hold, it ends, and a rerun heals."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from slurm_appliance.rollout.drive import Drive
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.facts import RolloutFacts
from slurm_appliance.rollout.plan import RolloutPlan, RolloutVerdict
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import OVER, NodeRecord, Phase, resumed
from tests.unit.slurm_appliance.rollout.simulator import RESUME_TIMEOUT, TARGET, Fate, Killed, Node, Simulator

_POLICIES = st.builds(
    Policy,
    batch=st.integers(1, 4),
    max_unavailable=st.integers(1, 5),
    canary=st.integers(0, 2),
    stop_after_failures=st.integers(1, 3),
    retries=st.integers(0, 2),
    drain_limit=st.sampled_from([None, 60.0]),
    reboot_limit=st.just(RESUME_TIMEOUT + 60),
)
_FATES = st.lists(st.sampled_from(Fate), max_size=12)
_TROUBLES = st.lists(
    st.sampled_from(["", "", "", "away", "lost", "refused", "killed at look", "killed before", "killed after"]),
    max_size=40,
)
_ARRIVALS = st.lists(st.sampled_from([0.0, 5.0, 40.0, 400.0]), max_size=60)


class _Silent:
    """Keeps nothing, and checks that no record ends and then begins again within a run."""

    def round(self, before: Mapping[str, NodeRecord], plan: RolloutPlan, facts: RolloutFacts) -> None:
        for name, record in plan.records.items():
            if before[name].phase is Phase.DONE:
                assert record.phase is Phase.DONE, facts.nodes[name]

    def trouble(self, text: str) -> None:
        pass


@st.composite
def _clusters(draw: st.DrawFn) -> dict[str, Node]:
    nodes = {}
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["old", "old", "old", "done", "down", "drained", "half", "admin"]))
        node = Node(f"c{number}", jobs=draw(st.lists(st.floats(1010, 1300), max_size=2)))
        if kind == "done":
            node.image = TARGET
        elif kind == "down":
            node.down, node.jobs, node.reason, node.alive = True, [], "Not responding", False
        elif kind == "drained":
            node.drain, node.reason = True, "disk is broken"
        elif kind in {"half", "admin"}:
            node.drain, node.requested = True, True
            node.reason = "slurm-appliance rollout" if kind == "half" else "new kernel"
        nodes[node.name] = node
    return nodes


def _run(simulator: Simulator, policy: Policy) -> tuple[RolloutPlan | None, dict[str, NodeRecord]]:
    """A rollout to its end, started again with its journal whenever it is killed; None if it was blocked."""
    journal: dict[str, NodeRecord] = {}
    deadline = simulator.now + 40_000
    while True:
        assert simulator.now < deadline, "the rollout does not end"
        records = resumed(simulator.nodes, journal)
        drive = Drive(simulator, journal.update, _Silent(), clock=simulator.clock, sleep=simulator.sleep)
        try:
            return drive.run(records, policy), journal
        except Killed:
            simulator.sleep(3)
        except RolloutError:
            return None, journal


@settings(max_examples=400, deadline=None)
@given(_clusters(), _POLICIES, _FATES, _TROUBLES, _ARRIVALS)
def test_rules_hold_and_it_ends(
    nodes: dict[str, Node], policy: Policy, fates: list[Fate], troubles: list[str], arrivals: list[float]
) -> None:
    simulator = Simulator(nodes, policy, iter(fates), iter(arrivals), iter(troubles))
    simulator.untouchable = {
        name for name, node in nodes.items() if (node.image == TARGET) or node.reason == "disk is broken"
    }
    end, journal = _run(simulator, policy)

    if end is None:
        return
    assert end.verdict in {RolloutVerdict.FINISHED, RolloutVerdict.STOPPED}
    assert {record.phase for record in end.records.values()} <= OVER
    assert end.records == journal or not journal
    for name, record in end.records.items():
        node = nodes[name]
        if record.phase is Phase.DONE:
            assert node.image == TARGET
        if record.phase is Phase.RELEASED:
            assert not node.requested or node.reason == "new kernel", "left with a reboot that nobody waits for"
        if record.phase is Phase.FAILED:
            assert record.why
    if set(fates) <= {Fate.OK} and set(troubles) <= {"", "away", "refused"} and policy.drain_limit is None:
        assert end.verdict is RolloutVerdict.FINISHED
        assert {record.phase for record in end.records.values()} <= {Phase.DONE, Phase.SKIPPED}


@settings(max_examples=150, deadline=None)
@given(_clusters(), _POLICIES, _FATES)
def test_a_rerun_heals_what_can_be_healed_and_then_does_nothing(
    nodes: dict[str, Node], policy: Policy, fates: list[Fate]
) -> None:
    simulator = Simulator(nodes, policy, iter(fates), iter(()), iter(()))
    _run(simulator, policy)
    # Whatever failed has been repaired: from now on reboots succeed, and health checks give their nodes back.
    for node in nodes.values():
        if node.reason in {"NHC: no gpu", "disk is broken"}:
            node.drain, node.reason = False, ""
    simulator.fates = iter(())
    simulator.sleep(2 * RESUME_TIMEOUT)
    generous = Policy(batch=7, max_unavailable=7, canary=0, stop_after_failures=9, reboot_limit=RESUME_TIMEOUT + 60)
    simulator.policy = generous
    end, _ = _run(simulator, generous)

    assert end is not None
    assert end.verdict is RolloutVerdict.FINISHED, end.why
    assert {node.image for node in nodes.values()} == {TARGET}
    asked = len(simulator.asked)
    again, _ = _run(simulator, generous)
    assert again is not None
    assert len(simulator.asked) == asked
    assert again.verdict is RolloutVerdict.FINISHED
