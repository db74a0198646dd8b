"""Checks that look at more than one setting: pure functions from a configuration to the problems in it.

They also run on what is left of a configuration with mistakes, so that one run reports all there is to report: a check
that asks for a setting with a mistake is left out (see salvage.py).
"""

from collections.abc import Callable, Iterable
from typing import Final, cast

from slurm_appliance.config.checks import (
    addresses,
    boot,
    created_networks,
    filesystems,
    folders,
    identity,
    images,
    ip_versions,
    names,
    networks,
    ports,
    slurm,
    system,
    users,
)
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.salvage import NotParsed, Partial
from slurm_appliance.errors import Problem

CHECKS: Final[tuple[Callable[[ClusterConfig], Iterable[Problem]], ...]] = (
    *names.CHECKS,
    *images.CHECKS,
    *networks.CHECKS,
    *created_networks.CHECKS,
    *addresses.CHECKS,
    *ports.CHECKS,
    *ip_versions.CHECKS,
    *boot.CHECKS,
    *folders.CHECKS,
    *filesystems.CHECKS,
    *slurm.CHECKS,
    *system.CHECKS,
    *users.CHECKS,
    *identity.CHECKS,
)


def cross_check(config: ClusterConfig | Partial) -> list[Problem]:
    """Every problem that the checks find in a configuration, or in what could be read of one."""
    found: list[Problem] = []
    for check in CHECKS:
        try:
            for problem in check(cast("ClusterConfig", config)):
                # Not extend: what a check has found before it misses a setting counts.
                found.append(problem)  # noqa: PERF402
        except NotParsed:
            continue
    return found
