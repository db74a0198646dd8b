"""Single steps of the plan; whole courses are in test_properties.py."""

from dataclasses import replace
from typing import Any

import pytest

from node.reboot_program.slurm_state import SlurmNode
from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.observe import SITE_REASON, TAKEN_WITHIN, observe
from slurm_appliance.rollout.plan import ActionKind, RolloutVerdict, SlurmRequest, natural, plan
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import NodeRecord, Phase, resumed
from toolchain.paths import REPOSITORY

_NOW = 1000.0
_POLICY = Policy(batch=2, max_unavailable=3)


def _node(flags: str = "IDLE", *, image: str = "old", boot: int = 10, target: str = "new", **more: Any) -> NodeFacts:
    reason = more.pop("reason", "")
    return NodeFacts(SlurmNode("c", frozenset(flags.split()), boot, reason), image, target, **more)


_ASKED = NodeRecord("c", Phase.DRAINING, since=900.0, asked=900.0, boot_before=10, seen=True)
_AWAY = replace(_ASKED, phase=Phase.REBOOTING)


@pytest.mark.parametrize(
    ("record", "facts", "phase", "words"),
    [
        (NodeRecord("c"), _node(image="new"), Phase.DONE, "already on its target image"),
        (NodeRecord("c"), _node("DOWN", image="new", reason="broken"), Phase.DONE, "out of service (DOWN: broken)"),
        (NodeRecord("c"), _node("DOWN", image="new", reason="slurm-appliance-reboot: x"), Phase.WAITING, ""),
        (NodeRecord("c"), _node(), Phase.WAITING, ""),
        (NodeRecord("c"), _node(target=""), Phase.SKIPPED, "no target image"),
        (NodeRecord("c"), _node(image=""), Phase.SKIPPED, "does not report its image"),
        (NodeRecord("c"), NodeFacts(None), Phase.SKIPPED, "Slurm does not know"),
        (NodeRecord("c"), _node("IDLE DRAIN", reason="disk"), Phase.SKIPPED, "somebody else: disk"),
        (NodeRecord("c"), _node("IDLE DRAIN", reason="slurm-appliance-reboot: locked"), Phase.WAITING, ""),
        (NodeRecord("c"), _node("DOWN DRAIN", reason="site.yml: no slurmd"), Phase.WAITING, ""),
        (NodeRecord("c"), _node("IDLE DRAIN", image="new", reason="site.yml: no share"), Phase.DONE, "out of service"),
        (NodeRecord("c"), _node("ALLOCATED DRAIN REBOOT_REQUESTED", reason="kernel"), Phase.DRAINING, "already has"),
        (_ASKED, _node("ALLOCATED DRAIN REBOOT_REQUESTED"), Phase.DRAINING, "waiting for its jobs"),
        (_ASKED, _node("DOWN DRAIN REBOOT_ISSUED"), Phase.REBOOTING, "Slurm is rebooting it"),
        (_ASKED, _node("IDLE", image="new", boot=999), Phase.DONE, "back on its target"),
        (_ASKED, _node("IDLE"), Phase.SKIPPED, "somebody cancelled"),
        (_ASKED, _node("IDLE DRAIN", reason="slurm-appliance-reboot: gone"), Phase.WAITING, "gone"),
        (replace(_ASKED, tries=1), _node("DOWN", reason="gone"), Phase.FAILED, "gone"),
        (replace(_ASKED, seen=False), _node("IDLE"), Phase.WAITING, "did not accept the request"),
        (replace(_ASKED, seen=False, asks=2), _node("IDLE"), Phase.WAITING, "did not accept 3 requests"),
        (replace(_ASKED, seen=False, asked=_NOW - TAKEN_WITHIN / 2), _node("IDLE"), Phase.DRAINING, ""),
        (_AWAY, _node("DOWN DRAIN REBOOT_ISSUED"), Phase.REBOOTING, ""),
        (replace(_AWAY, since=-9e3), _node("DOWN REBOOT_ISSUED", reason="r"), Phase.WAITING, "not back 10000 s after"),
        (_AWAY, _node("DOWN REBOOT_ISSUED", reason="slurm-appliance-reboot: no host"), Phase.WAITING, "no host"),
        (NodeRecord("c", tries=1), _node("DOWN REBOOT_ISSUED", reason="slurm-appliance-reboot: x"), Phase.WAITING, ""),
        (_AWAY, _node("IDLE", image="new", boot=12), Phase.WAITING, "did not reboot"),
        (_AWAY, _node("IDLE", image="other", boot=999), Phase.WAITING, "runs image other instead of new"),
        (_AWAY, _node("IDLE NOT_RESPONDING", image="new", boot=999), Phase.WAITING, "IDLE+NOT_RESPONDING"),
        (replace(_AWAY, since=990.0), _node("IDLE NOT_RESPONDING", image="new", boot=999), Phase.REBOOTING, ""),
        (_AWAY, _node("IDLE DRAIN", image="new", boot=999, reason="NHC: gpu"), Phase.WAITING, "NHC: gpu"),
        (_AWAY, _node("IDLE", image="new", boot=999), Phase.DONE, "back on its target"),
        (_AWAY, _node("ALLOCATED", image="new", boot=999, job="RUNNING"), Phase.REBOOTING, ""),
        (replace(_ASKED, phase=Phase.RELEASED), _node("DOWN REBOOT_ISSUED"), Phase.REBOOTING, "Slurm is rebooting it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_follows_from_one_look(record: NodeRecord, facts: NodeFacts, phase: Phase, words: str) -> None:
    after = observe(record, facts, _POLICY, _NOW)

    assert after.phase is phase, after.why
    assert words in after.why


@pytest.mark.parametrize(
    ("job", "phase", "words"),
    [("PENDING", Phase.DRAINING, "reboot job is PENDING"), ("", Phase.WAITING, "ended without a reboot")],
)
def test_by_job(job: str, phase: Phase, words: str) -> None:
    after = observe(_ASKED, _node("ALLOCATED", job=job), replace(_POLICY, via=RolloutMethod.JOB), _NOW)

    assert (after.phase, words in after.why) == (phase, True), after.why


def test_a_node_that_waits_too_long_for_its_jobs_is_given_back() -> None:
    facts = RolloutFacts({"c": _node("ALLOCATED DRAIN REBOOT_REQUESTED")}, _NOW)
    step = plan({"c": _ASKED}, facts, replace(_POLICY, drain_limit=60.0))

    assert step.records["c"].phase is Phase.RELEASED
    assert step.actions == (SlurmRequest(ActionKind.CANCEL, ("c",)),)
    assert step.verdict is RolloutVerdict.GOING


def _begun(
    nodes: dict[str, NodeFacts], policy: Policy, records: dict[str, NodeRecord] | None = None
) -> tuple[str, ...]:
    step = plan(records or {name: NodeRecord(name) for name in nodes}, RolloutFacts(nodes, _NOW), policy)
    return step.actions[0].nodes if step.actions else ()


def test_the_canary_alone_then_a_batch() -> None:
    nodes = {f"c{number}": _node() for number in range(1, 12)}
    policy = replace(_POLICY, canary=1)

    assert _begun(nodes, policy) == ("c1",)
    records = {name: NodeRecord(name) for name in nodes} | {"c1": NodeRecord("c1", Phase.DONE, touched=True)}
    nodes["c1"] = _node(image="new")
    assert _begun(nodes, policy, records) == ("c2", "c3")
    assert _begun(nodes, replace(policy, canary=0, batch=11, max_unavailable=11))[-1] == "c11"


def test_the_budget_counts_nodes_that_others_took_out_of_service() -> None:
    nodes = {"c1": _node(), "c2": _node(), "c3": _node("DOWN", image="new"), "c4": _node("IDLE DRAIN", reason="disk")}

    assert _begun(nodes, replace(_POLICY, canary=0)) == ("c1",)
    step = plan(
        {name: NodeRecord(name) for name in nodes},
        RolloutFacts(nodes, _NOW),
        replace(_POLICY, max_unavailable=2, canary=0),
    )
    assert step.actions == ()
    assert "c3 (DOWN: " in step.why
    assert "c4 (IDLE+DRAIN: disk)" in step.why


def test_nodes_that_are_down_come_first_and_cost_nothing_then_idle_ones() -> None:
    nodes = {"c1": _node("ALLOCATED"), "c2": _node(), "c3": _node("DOWN", reason="Not responding")}

    assert _begun(nodes, Policy(batch=3, max_unavailable=2, canary=0)) == ("c2", "c3")


def test_a_node_is_tried_again_only_when_slurm_has_ended_its_last_reboot() -> None:
    gone = _node("DOWN DRAIN REBOOT_ISSUED", reason="slurm-appliance-reboot: no host")
    records = {"c1": NodeRecord("c1", tries=1, touched=True)}
    step = plan(records, RolloutFacts({"c1": gone}, _NOW), _POLICY)

    assert (step.actions, step.verdict, step.why) == ((), RolloutVerdict.GOING, "")
    assert _begun({"c1": _node("DOWN", reason="slurm-appliance-reboot: no host")}, _POLICY, records) == ("c1",)


def test_a_failed_node_stops_what_has_not_begun() -> None:
    nodes = {
        "c1": _node("DOWN"),
        "c2": _node("ALLOCATED DRAIN REBOOT_REQUESTED"),
        "c3": _node(),
        "c4": _node("REBOOT_ISSUED"),
    }
    records = {
        "c1": NodeRecord("c1", Phase.FAILED, why="bad"),
        "c2": replace(_ASKED, node="c2"),
        "c3": NodeRecord("c3"),
        "c4": replace(_AWAY, node="c4"),
    }
    step = plan(records, RolloutFacts(nodes, _NOW), _POLICY)

    assert {name: record.phase for name, record in step.records.items()} == {
        "c1": Phase.FAILED,
        "c2": Phase.RELEASED,
        "c3": Phase.RELEASED,
        "c4": Phase.REBOOTING,
    }
    assert step.actions == (SlurmRequest(ActionKind.CANCEL, ("c2",)),)
    assert step.verdict is RolloutVerdict.GOING
    assert "c1" in step.why


def test_a_new_run_goes_on_with_what_is_under_way_and_looks_at_all_else_anew() -> None:
    before = {
        "c1": replace(_ASKED, node="c1"),
        "c2": NodeRecord("c2", Phase.FAILED, tries=2),
        "c9": replace(_AWAY, node="c9"),
    }

    assert resumed(["c1", "c2", "c3"], before) == {
        "c1": before["c1"],
        "c2": NodeRecord("c2"),
        "c3": NodeRecord("c3"),
        "c9": before["c9"],
    }


def test_names_in_natural_order() -> None:
    assert sorted(["c10", "c2", "b1", "c2x", "1"], key=natural) == ["1", "b1", "c2", "c2x", "c10"]


def test_site_yml_drains_with_the_reason_that_rollouts_know() -> None:
    assert f'Reason="{SITE_REASON}$problem"' in (REPOSITORY / "ansible/compute-nodes.yml").read_text()
