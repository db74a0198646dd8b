"""Derives a node's record from observations. Pure."""

from dataclasses import replace

from node.reboot_program.slurm_state import REASON_PREFIX as PROGRAM_REASON
from node.reboot_program.slurm_state import SlurmNode
from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.rollout.facts import NodeFacts
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import NodeRecord, Phase

#: Prefix of the rollout's reasons in Slurm.
ROLLOUT_REASON = "slurm-appliance rollout"
#: Prefix of the reasons of site.yml for nodes that it could not set up (compute-nodes.yml): another image may help.
SITE_REASON = "site.yml: "
#: Tolerance in seconds: slurmctld's boot time of a node varies between registrations.
BOOT_TIME_JITTER = 5
#: Timeout for Slurm to show an accepted request, in seconds.
TAKEN_WITHIN = 20.0
#: Number of requests that Slurm may ignore before the try counts as failed.
MOST_ASKS = 3
#: Timeout for a node that is registered after its boot, but does not respond yet, in seconds.
SETTLING = 60.0


def observe(record: NodeRecord, facts: NodeFacts, policy: Policy, now: float) -> NodeRecord:
    """The new record after observing a node."""
    if facts.slurm is None:
        return record.to(Phase.SKIPPED, "Slurm does not know this node", now)
    if record.phase is Phase.DRAINING:
        return _draining(record, facts, facts.slurm, policy, now)
    if record.phase is Phase.REBOOTING:
        return _rebooting(record, facts, facts.slurm, policy, now)
    if record.phase in {Phase.WAITING, Phase.DONE}:
        return _at_rest(record, facts, facts.slurm, now)
    if record.phase is Phase.RELEASED and record.asked and _began(record, facts.slurm):
        # Slurm started the reboot before it received our cancellation.
        return record.to(Phase.REBOOTING, "Slurm is rebooting it", now)
    return record


def _began(record: NodeRecord, slurm: SlurmNode) -> bool:
    """Whether Slurm is rebooting it, or already has."""
    return slurm.rebooting or slurm.boot_time > record.boot_before + BOOT_TIME_JITTER


def _at_rest(record: NodeRecord, facts: NodeFacts, slurm: SlurmNode, now: float) -> NodeRecord:
    """Handle a node that was not started."""
    ours = slurm.reason.startswith((PROGRAM_REASON, ROLLOUT_REASON))
    if not facts.target:
        return record.to(Phase.SKIPPED, "the control node has no target image for this node: run site.yml", now)
    if facts.on_target and (slurm.in_service or not ours):
        state = "" if slurm.in_service else f", but out of service ({slurm.state}: {slurm.reason})"
        return record.to(Phase.DONE, (record.why if record.touched else "already on its target image") + state, now)
    if not facts.current:
        return record.to(Phase.SKIPPED, "its server does not report its image", now)
    if (slurm.rebooting or "REBOOT_REQUESTED" in slurm.flags) and not given_up(slurm):
        # A reboot from a cancelled rollout, or somebody else's: it also installs the target image.
        asked = now if slurm.reason.startswith(ROLLOUT_REASON) else 0.0
        began = replace(record, asked=asked, boot_before=slurm.boot_time, seen=True)
        return began.to(Phase.DRAINING, "Slurm already has a reboot request for it", now)
    if "DRAIN" in slurm.flags and not ours and not slurm.reason.startswith(SITE_REASON):
        return record.to(Phase.SKIPPED, f"drained by somebody else: {slurm.reason}", now)
    return record.to(Phase.WAITING, record.why, now)


def _draining(record: NodeRecord, facts: NodeFacts, slurm: SlurmNode, policy: Policy, now: float) -> NodeRecord:
    """Handle a node with a reboot request."""
    if _began(record, slurm):
        began = replace(record, seen=True).to(Phase.REBOOTING, "Slurm is rebooting it", now)
        return _rebooting(began, facts, slurm, policy, now)
    if facts.pending:
        waited = now - record.since
        if record.asked and policy.drain_limit is not None and waited > policy.drain_limit:
            return record.to(Phase.RELEASED, f"its jobs were still running after {waited:.0f} s", now)
        what = (
            "waiting for its jobs to end"
            if policy.via is RolloutMethod.REBOOT
            else f"its reboot job is {facts.job or 'there'}"
        )
        return replace(record, seen=True).to(Phase.DRAINING, what, now)
    if "DOWN" in slurm.flags or "DRAIN" in slurm.flags:
        return failed_try(record, f"{slurm.state}: {slurm.reason or 'no reason given'}", policy, now)
    if record.seen and policy.via is RolloutMethod.JOB:
        return failed_try(record, "its reboot job ended without a reboot", policy, now)
    if record.seen:
        return record.to(Phase.SKIPPED, "somebody cancelled its reboot", now)
    if now - record.asked < TAKEN_WITHIN:
        return record
    if record.asks + 1 < MOST_ASKS:
        return replace(record, asks=record.asks + 1).to(Phase.WAITING, "Slurm did not accept the request", now)
    return failed_try(record, f"Slurm did not accept {MOST_ASKS} requests", policy, now)


def _rebooting(record: NodeRecord, facts: NodeFacts, slurm: SlurmNode, policy: Policy, now: float) -> NodeRecord:
    """Handle a node that Slurm is rebooting."""
    away = now - record.since
    if given_up(slurm):
        # Otherwise Slurm would wait for the boot until ResumeTimeout.
        return failed_try(record, slurm.reason.removeprefix(PROGRAM_REASON), policy, now)
    if slurm.rebooting:
        if away > policy.reboot_limit:
            return failed_try(record, f"not back {away:.0f} s after Slurm rebooted it: {slurm.reason}", policy, now)
        return record
    if slurm.boot_time <= record.boot_before + BOOT_TIME_JITTER:
        return failed_try(record, f"did not reboot ({slurm.state}): {slurm.reason or 'no reason given'}", policy, now)
    if not facts.on_target:
        return failed_try(record, f"rebooted, but runs image {facts.current} instead of {facts.target}", policy, now)
    if facts.job:
        return record
    if slurm.in_service:
        why = f"back on its target image {away:.0f} s after Slurm started the reboot"
        return replace(record, touched=True).to(Phase.DONE, why, now)
    if away < SETTLING and not slurm.flags & {"DRAIN", "DOWN", "FAIL"}:
        return record
    return failed_try(
        record, f"on its target image, but {slurm.state}: {slurm.reason or 'no reason given'}", policy, now
    )


def given_up(slurm: SlurmNode) -> bool:
    """Whether Slurm waits for its boot although the RebootProgram has reported a failure."""
    return slurm.rebooting and slurm.reason.startswith(PROGRAM_REASON)


def failed_try(record: NodeRecord, why: str, policy: Policy, now: float) -> NodeRecord:
    """The record after a failed try: it is retried, or has failed."""
    again = replace(record, tries=record.tries + 1, asks=0, seen=False, touched=True)
    phase = Phase.WAITING if again.tries <= policy.retries else Phase.FAILED
    return again.to(phase, why, now)
