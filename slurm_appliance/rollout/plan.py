"""Plans the next step of a rollout. Pure: records and facts in; records, actions and a verdict out.

Every request is in the records before it is sent to Slurm, so the journal never has less than Slurm.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.observe import observe
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import OVER, UNDER_WAY, NodeRecord, Phase


class ActionKind(StrEnum):
    """The kinds of requests to Slurm."""

    #: Reboot these nodes when their jobs have ended.
    REBOOT = "reboot"
    #: Cancel reboots that have not started.
    CANCEL = "cancel"


@dataclass(frozen=True)
class SlurmRequest:
    """One request to Slurm for some nodes, in name order."""

    kind: ActionKind
    nodes: tuple[str, ...]


class RolloutVerdict(Enum):
    """Whether the rollout continues."""

    GOING = "going"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True)
class RolloutPlan:
    """The plan after one poll of the cluster.

    Attributes:
        records: all nodes by name.
        actions: requests to Slurm, after the records were stored.
        verdict: GOING until nothing is in progress and nothing will be started.
        why: the reason for STOPPED, or why nothing can be started.
    """

    records: Mapping[str, NodeRecord]
    actions: tuple[SlurmRequest, ...]
    verdict: RolloutVerdict
    why: str = ""


def plan(records: Mapping[str, NodeRecord], facts: RolloutFacts, policy: Policy) -> RolloutPlan:
    """Decide on the next step."""
    unknown = NodeFacts(None)
    seen = {
        name: observe(record, facts.nodes.get(name, unknown), policy, facts.now) for name, record in records.items()
    }
    stop = _stop(seen.values(), policy)
    if stop:
        return _stopping(records, seen, facts, stop)
    given_up = _given_up(records, seen, facts)
    if given_up:
        # They count until Slurm has cancelled them.
        return RolloutPlan(seen, (_action(ActionKind.CANCEL, given_up),), RolloutVerdict.GOING)
    begun = _choose(seen, facts, policy)
    for name in begun:
        boot_before = _slurm_boot_time(facts, name)
        asked = replace(seen[name], asked=facts.now, boot_before=boot_before, seen=False, touched=True)
        seen[name] = asked.to(Phase.DRAINING, "asking Slurm to reboot it", facts.now)
    actions = (_action(ActionKind.REBOOT, begun),) if begun else ()
    if not actions and all(record.phase in OVER for record in seen.values()):
        return RolloutPlan(seen, (), RolloutVerdict.FINISHED)
    busy = any(record.phase in UNDER_WAY or _still_rebooting(record, facts) for record in seen.values())
    blocked = not actions and not busy
    return RolloutPlan(seen, actions, RolloutVerdict.GOING, _blocked(seen, facts) if blocked else "")


def _stop(records: Iterable[NodeRecord], policy: Policy) -> str:
    """Why no other node may start; empty if one may."""
    failed = sorted(
        (record for record in records if record.phase is Phase.FAILED), key=lambda record: natural(record.node)
    )
    if not failed:
        return ""
    names = ", ".join(record.node for record in failed)
    if len(failed) >= policy.stop_after_failures:
        return f"{len(failed)} node(s) failed ({names}), the limit is {policy.stop_after_failures}"
    if sum(record.phase is Phase.DONE and record.touched for record in records) < policy.canary:
        return f"the canary failed ({names})"
    return ""


def _stopping(
    before: Mapping[str, NodeRecord], seen: dict[str, NodeRecord], facts: RolloutFacts, why: str
) -> RolloutPlan:
    """Start nothing; cancel what Slurm has not started; finish the rest."""
    for name, record in seen.items():
        slurm = facts.nodes[name].slurm if name in facts.nodes else None
        if record.phase is Phase.WAITING:
            seen[name] = record.to(Phase.RELEASED, record.why or "the rollout stopped before its turn", facts.now)
        elif record.phase is Phase.DRAINING and slurm and not slurm.rebooting:
            seen[name] = record.to(Phase.RELEASED, "the rollout stopped before its reboot", facts.now)
    given_up = _given_up(before, seen, facts)
    actions = (_action(ActionKind.CANCEL, given_up),) if given_up else ()
    # After a cancellation, poll once more: Slurm may have started the reboot.
    over = not actions and all(record.phase in OVER for record in seen.values())
    return RolloutPlan(seen, actions, RolloutVerdict.STOPPED if over else RolloutVerdict.GOING, why)


def _given_up(before: Mapping[str, NodeRecord], after: Mapping[str, NodeRecord], facts: RolloutFacts) -> list[str]:
    """Nodes whose reboot must still be cancelled in Slurm."""
    return [
        name
        for name, record in after.items()
        if record.phase is Phase.RELEASED
        and record.asked
        and (before[name].phase is Phase.DRAINING or facts.nodes[name].pending)
    ]


def _action(kind: ActionKind, names: Iterable[str]) -> SlurmRequest:
    return SlurmRequest(kind, tuple(sorted(names, key=natural)))


def _choose(records: Mapping[str, NodeRecord], facts: RolloutFacts, policy: Policy) -> list[str]:
    """The waiting nodes to start now."""
    under_way = sum(record.phase in UNDER_WAY for record in records.values())
    done = sum(record.phase is Phase.DONE and record.touched for record in records.values())
    room = policy.batch - under_way
    canary = done < policy.canary
    if canary:
        room = min(room, policy.canary - done - under_way)
    away = sum(_unavailable(record, facts) for record in records.values())
    chosen: list[str] = []
    waiting = [
        record for record in records.values() if record.phase is Phase.WAITING and not _still_rebooting(record, facts)
    ]
    for record in sorted(waiting, key=lambda record: _order(record, facts, canary=canary)):
        # A node that is already out of service does not count against the budget.
        more = 0 if _unavailable(record, facts) else 1
        if room > 0 and away + more <= policy.max_unavailable:
            chosen.append(record.node)
            room -= 1
            away += more
    return chosen


def _still_rebooting(record: NodeRecord, facts: RolloutFacts) -> bool:
    """Whether Slurm accepts no new request, because it has not noticed the failure of the last reboot."""
    node = facts.nodes.get(record.node)
    return record.phase is Phase.WAITING and node is not None and node.slurm is not None and node.slurm.rebooting


def _unavailable(record: NodeRecord, facts: RolloutFacts) -> bool:
    node = facts.nodes.get(record.node)
    return record.phase in UNDER_WAY or node is None or node.slurm is None or not node.slurm.in_service


def _order(
    record: NodeRecord, facts: RolloutFacts, *, canary: bool
) -> tuple[int, bool, bool, list[tuple[bool, str, int]]]:
    """Nodes out of service first, then idle before busy ones, then by name.

    A failed node is retried after all others, but a failed canary before all others, so that a bad image affects as few
    nodes as possible.
    """
    slurm = facts.nodes[record.node].slurm
    busy = slurm is not None and slurm.busy
    return -record.tries if canary else record.tries, not _unavailable(record, facts), busy, natural(record.node)


def _blocked(records: Mapping[str, NodeRecord], facts: RolloutFacts) -> str:
    """The nodes that use up the budget, if nothing could be started."""
    away = [
        f"{record.node} ({slurm.state}: {slurm.reason or 'no reason given'})"
        for record in sorted(records.values(), key=lambda record: natural(record.node))
        if (slurm := facts.nodes[record.node].slurm) and not slurm.in_service
    ]
    return f"the limit of unavailable nodes is reached: {', '.join(away)}"


def _slurm_boot_time(facts: RolloutFacts, name: str) -> int:
    slurm = facts.nodes[name].slurm
    return slurm.boot_time if slurm else 0


def natural(name: str) -> list[tuple[bool, str, int]]:
    """A key that sorts c2 before c10."""
    parts = re.split(r"([0-9]+)", name)
    return [(True, "", int(part)) if part.isdigit() else (False, part, 0) for part in parts]
