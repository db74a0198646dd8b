"""Decides what to do with one node, and why. Pure: facts in, action and reason out.

The same function is called again until a node is done: before anything has started, while Nova works, after a lost
answer, after a restart of the worker. docs/rebuild.md has the table of its cases, and its test has them as data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .facts import REBOOT_TASKS, REBUILD_TASKS, Intent, NodeServer, RebootFacts, TargetImage, Verb
from .targets import Target

#: Time for which Slurm's node state may lag behind its request, in seconds; then the request counts as withdrawn.
SETTLE = 10.0


class RebootDecisionKind(Enum):
    """The possible decisions."""

    REBUILD = "rebuild"
    #: For a running server: Nova asks the guest first, and resets it if it does not respond.
    REBOOT = "reboot"
    #: For a server that is shut off, which this starts, or unreachable.
    HARD_REBOOT = "hard reboot"
    #: Nova is working on it: poll.
    FOLLOW = "follow"
    #: A temporary obstacle: poll.
    WAIT = "wait"
    #: The cloud's part is done: the node is booting.
    BOOTED = "booted"
    #: Nothing to do.
    LEAVE = "leave"
    #: Impossible: report the reason to Slurm.
    FAIL = "fail"


@dataclass(frozen=True)
class RebootDecision:
    """What to do with a node, and a sentence that says why."""

    kind: RebootDecisionKind
    reason: str


def decide(facts: RebootFacts) -> RebootDecision:
    """Decide on one node."""
    if facts.slurm and not facts.slurm.may_boot:
        # Check this first: a node whose reboot Slurm does not expect may have jobs.
        if facts.waited < SETTLE and not facts.intent:
            return RebootDecision(RebootDecisionKind.WAIT, f"Slurm shows the node as {facts.slurm.state}")
        return RebootDecision(
            RebootDecisionKind.LEAVE, f"Slurm no longer expects a reboot of this node ({facts.slurm.state})"
        )
    if facts.target_problem:
        return RebootDecision(RebootDecisionKind.FAIL, facts.target_problem)
    if facts.target is None:
        return RebootDecision(
            RebootDecisionKind.FAIL, "the control node has no record of this node's server and image: run site.yml"
        )
    if facts.server is None:
        return RebootDecision(
            RebootDecisionKind.FAIL, f"server {facts.target.instance_id} does not exist: run pulumi up and site.yml"
        )
    return _of_server(facts, facts.server, facts.target)


def _of_server(facts: RebootFacts, server: NodeServer, target: Target) -> RebootDecision:
    """Decide on a node with an existing server."""
    if server.task_state:
        return _under_way(server, target, facts.intent)
    if server.locked:
        return RebootDecision(
            RebootDecisionKind.FAIL, f"server {server.id} is locked: openstack server unlock {server.id}"
        )
    if server.status == "ERROR":
        if facts.intent and facts.intent.accepted:
            cause = server.fault or "Nova gives no reason"
            return RebootDecision(
                RebootDecisionKind.FAIL,
                f"the {facts.intent.verb.value} ended in ERROR{_request(facts.intent)}: {cause}",
            )
        return _rebuild(server, target, facts.image, "server is in ERROR: rebuilding it")
    if server.status not in {"ACTIVE", "SHUTOFF"}:
        return RebootDecision(
            RebootDecisionKind.FAIL,
            f"server {server.id} is {server.status}: bring it to ACTIVE, then reboot the node again",
        )
    if not server.image_id:
        return RebootDecision(
            RebootDecisionKind.FAIL, f"server {server.id} boots from a volume that does not record its image"
        )
    if server.image_id != target.image_id:
        if _was_asked(facts.intent, target):
            return RebootDecision(
                RebootDecisionKind.FAIL,
                f"the rebuild{_request(facts.intent)} ended on image {server.image_id} instead of {target.image_id}",
            )
        return _rebuild(server, target, facts.image, f"runs image {server.image_id}, target is {target.image_id}")
    if facts.intent and _was_done(facts, target):
        if server.status == "SHUTOFF":
            return RebootDecision(RebootDecisionKind.HARD_REBOOT, "rebuilt while it was shut off: starting it")
        return RebootDecision(RebootDecisionKind.BOOTED, f"server is ACTIVE on image {server.image_id}")
    if server.status == "SHUTOFF":
        return RebootDecision(RebootDecisionKind.HARD_REBOOT, "on its target image, but shut off: starting it")
    if facts.slurm and "NOT_RESPONDING" in facts.slurm.flags:
        # Its guest would not respond either, or would boot unchanged.
        return RebootDecision(
            RebootDecisionKind.HARD_REBOOT, "on its target image, but Slurm cannot reach it: hard reboot"
        )
    if facts.lost:
        return RebootDecision(
            RebootDecisionKind.HARD_REBOOT,
            "on its target image, but Slurm has not seen it since its last boot: hard reboot",
        )
    return RebootDecision(RebootDecisionKind.REBOOT, "on its target image: plain reboot")


def _under_way(server: NodeServer, target: Target, intent: Intent | None) -> RebootDecision:
    """Decide while Nova is busy with the server."""
    on_target = server.image_id == target.image_id
    # Cinder's record of a volume has the old image until Nova has written the new one.
    if server.task_state in REBUILD_TASKS and (on_target or server.volume_backed):
        return RebootDecision(RebootDecisionKind.FOLLOW, f"its rebuild is in progress{_request(intent)}")
    if server.task_state in REBOOT_TASKS and on_target:
        return RebootDecision(RebootDecisionKind.FOLLOW, f"its reboot is in progress{_request(intent)}")
    return RebootDecision(RebootDecisionKind.WAIT, f"server {server.id} is busy with task {server.task_state}")


def _request(intent: Intent | None) -> str:
    """The request ID of the started action, to find it in the cloud's logs."""
    return f" ({intent.request_id})" if intent and intent.request_id else ""


def _was_asked(intent: Intent | None, target: Target) -> bool:
    """Whether Nova accepted a rebuild with the target image."""
    return intent is not None and intent.accepted and (intent.verb, intent.image_id) == (Verb.REBUILD, target.image_id)


def _was_done(facts: RebootFacts, target: Target) -> bool:
    """Whether the server, idle on its target image, was rebuilt for this request."""
    intent = facts.intent
    if intent is None:
        return False
    if intent.verb is Verb.REBUILD:
        # Nova sets the image when it accepts a rebuild, so it did, even if its answer was lost.
        return intent.image_id == target.image_id
    return intent.accepted


def _rebuild(server: NodeServer, target: Target, image: TargetImage | None, why: str) -> RebootDecision:
    """Rebuild, if the target image can be used."""
    if image is None:
        return RebootDecision(
            RebootDecisionKind.FAIL,
            f"target image {target.image_id} does not exist: set cluster_image, pulumi up, site.yml",
        )
    if image.status != "active":
        return RebootDecision(RebootDecisionKind.FAIL, f"target image {image.id} is {image.status}, not active")
    if server.disk and image.min_disk > server.disk:
        return RebootDecision(
            RebootDecisionKind.FAIL,
            f"target image {image.id} needs a disk of {image.min_disk} GiB, the server has {server.disk}",
        )
    if image.min_ram > server.ram:
        return RebootDecision(
            RebootDecisionKind.FAIL,
            f"target image {image.id} needs {image.min_ram} MiB of memory, the server has {server.ram}",
        )
    return RebootDecision(RebootDecisionKind.REBUILD, why)


def await_slurm(facts: RebootFacts, limit: float) -> RebootDecision:
    """Decide after the cloud's part whether the node is back in Slurm.

    Args:
        facts: only `slurm` and `waited` are used.
        limit: timeout in seconds since Slurm's request, after which the node has failed.
    """
    late = facts.waited > limit
    if facts.slurm is None:
        return RebootDecision(
            RebootDecisionKind.FAIL if late else RebootDecisionKind.WAIT, "Slurm does not know the node"
        )
    if facts.slurm.may_boot and not late:
        return RebootDecision(RebootDecisionKind.FOLLOW, "booting")
    if not facts.slurm.rebooting and "DOWN" not in facts.slurm.flags:
        return RebootDecision(RebootDecisionKind.LEAVE, f"back in Slurm ({facts.slurm.state})")
    return RebootDecision(
        RebootDecisionKind.FAIL,
        f"the server is ACTIVE on its target image, but slurmd has not registered {facts.waited:.0f} s after the "
        "request: see how far it booted with `openstack console log show`",
    )
