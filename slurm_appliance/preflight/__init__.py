"""Checks before the first change: compares a configuration with the facts of a cloud.

    facts = gather(connect(cloud), network_names(config))
    ready = examine(config, facts).ready(source)   # or ConfigError with every problem at once

Pure except for the gathering, which is in ``slurm_appliance.cloud``.
"""

from slurm_appliance.preflight.examine import Findings, examine, network_names
from slurm_appliance.preflight.resolved import Resolved, ResolvedNetwork

__all__ = ["Findings", "Resolved", "ResolvedNetwork", "examine", "network_names"]
