"""How a rollout may go about: how many nodes at a time, when to stop."""

import math
import re
from dataclasses import dataclass

from slurm_appliance.config.rollout import RolloutDefaults, RolloutMethod
from slurm_appliance.errors import UsageError


@dataclass(frozen=True)
class Policy:
    """The rules of a rollout; times in seconds.

    Attributes:
        batch: nodes under way at a time, those that still wait for their jobs included.
        max_unavailable: nodes of the selection that are out of service at a time, for whatever reason.
        canary: nodes that must be done before any other begins.
        stop_after_failures: nodes that fail, after their retries, before no other begins.
        retries: how often a node that failed is tried again.
        via: how Slurm is asked to reboot a node.
        drain_limit: how long a node may wait for its jobs; None for as long as they take.
        reboot_limit: how long a node may be away once Slurm reboots it; longer than slurm.conf's ResumeTimeout.
        blocked_limit: how long to wait when other nodes' outages use the budget up.
    """

    batch: int = 1
    max_unavailable: int = 1
    canary: int = 1
    stop_after_failures: int = 1
    retries: int = 1
    via: RolloutMethod = RolloutMethod.REBOOT
    drain_limit: float | None = None
    reboot_limit: float = 2400.0
    blocked_limit: float = 600.0

    @classmethod
    def of(cls, settings: RolloutDefaults, nodes: int, slurm_limit: float) -> "Policy":
        """The rules that a stack's settings give.

        Args:
            settings: the stack's.
            nodes: how many take part.
            slurm_limit: seconds that a node may be away at least, for what Slurm gives it.
        """
        return cls(
            batch=settings.batch,
            max_unavailable=unavailable_budget(str(settings.max_unavailable), nodes),
            canary=int(settings.canary),
            stop_after_failures=settings.stop_after_failures,
            via=settings.via,
            drain_limit=settings.drain_timeout,
            reboot_limit=max(float(settings.node_timeout), slurm_limit),
        )


def unavailable_budget(text: str, nodes: int) -> int:
    """``--max-unavailable`` as a number of nodes: a count, or a share of the selection, rounded down, at least 1.

    Raises:
        UsageError: neither.
    """
    match = re.fullmatch(r"(\d+)(%?)", text.strip())
    value = int(match[1]) if match else 0
    if not match or value < 1 or (match[2] and value > 100):
        raise UsageError(
            f"--max-unavailable {text!r} is not a number of nodes",
            remedy="use a number such as 3, or a percentage such as 10%",
        )
    return max(1, math.floor(nodes * value / 100)) if match[2] else value
