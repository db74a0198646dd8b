"""The rules of a rollout: how many nodes at a time, when to stop."""

import math
import re
from dataclasses import dataclass

from slurm_appliance.config.rollout import RolloutDefaults, RolloutMethod
from slurm_appliance.errors import UsageError


@dataclass(frozen=True)
class Policy:
    """The rules of a rollout; times in seconds.

    Attributes:
        batch: maximum number of nodes in progress, including draining nodes.
        max_unavailable: maximum number of selected nodes out of service for any reason.
        canary: number of nodes that must succeed before others start.
        stop_after_failures: number of failed nodes, after retries, that stops the rollout.
        retries: retries per node.
        via: how Slurm is asked to reboot a node.
        drain_limit: timeout for a node's jobs; None for no timeout.
        reboot_limit: timeout of a reboot; longer than slurm.conf's ResumeTimeout.
        blocked_limit: timeout while other nodes' outages use up the budget.
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
        """The rules from a stack's settings.

        Args:
            settings: the stack's settings.
            nodes: number of selected nodes.
            slurm_limit: minimum timeout of a reboot in seconds, from Slurm's own timeout.
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
    """``--max-unavailable`` as a number of nodes: a number, or a percentage of the selection, rounded down, at least 1.

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(\d+)(%?)", text.strip())
    value = int(match[1]) if match else 0
    if not match or value < 1 or (match[2] and value > 100):
        raise UsageError(
            f"--max-unavailable {text!r} is not a number of nodes",
            remedy="use a number such as 3, or a percentage such as 10%",
        )
    return max(1, math.floor(nodes * value / 100)) if match[2] else value
