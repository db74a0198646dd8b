"""How a new image reaches the compute nodes: the defaults of the rollout command."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.policy import LIVE
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import Budget, Failures, Flag, Nodes, Seconds


class RolloutMethod(StrEnum):
    """How Slurm is asked to reboot a node."""

    REBOOT = "reboot"
    JOB = "job"


class RolloutDefaults(Section):
    """What the rollout command does where its options say nothing else."""

    via: Annotated[RolloutMethod, LIVE] = Field(
        RolloutMethod.REBOOT, description="reboot: drain, then scontrol reboot. job: a job with --reboot on each node."
    )
    batch: Annotated[Nodes, LIVE] = Field(10, description="How many nodes are rebuilt at once.")
    max_unavailable: Annotated[Budget, LIVE] = Field(
        "25%", description="How many nodes may be out of service at any time, those included that were so before."
    )
    canary: Annotated[Flag, LIVE] = Field(
        True, description="Rebuild one node first and go on only when it is healthy again."
    )
    stop_after_failures: Annotated[Failures, LIVE] = Field(
        1, description="Stop after so many nodes have failed, their retry included."
    )
    drain_timeout: Annotated[Seconds | None, LIVE] = Field(
        None,
        description="Seconds to wait for the jobs of a draining node. Not set: as long as they run.",
        examples=[86400],
    )
    node_timeout: Annotated[Seconds, LIVE] = Field(
        1800, description="Seconds from a node's reboot until it must be healthy again."
    )


class Rollouts(Section):
    """Rollout."""

    rollout: Annotated[RolloutDefaults, LIVE] = Field(
        RolloutDefaults(), description="What the rollout command does where its options say nothing else."
    )
