"""The upgrades between releases of Slurm that keep the state of slurmctld, of slurmdbd and of running jobs. Pure.

Slurm's daemons start with state of their own release and of the releases in `UPGRADES`; with any other they exit. There
is no downgrade: an older release needs the state and the database from before the upgrade.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

#: The releases that each release can be upgraded from, according to SchedMD's release notes.
UPGRADES: Mapping[str, tuple[str, ...]] = {
    "23.11": ("22.05", "23.02"),
    "24.05": ("23.02", "23.11"),
    "24.11": ("23.02", "23.11", "24.05"),
    "25.05": ("23.11", "24.05", "24.11"),
    "25.11": ("24.05", "24.11", "25.05"),
    "26.05": ("24.11", "25.05", "25.11"),
}


class Verdict(enum.Enum):
    """Whether a release of Slurm can use the state of another one."""

    SAME = "same"
    UPGRADE = "upgrade"
    TOO_OLD = "too old"
    DOWNGRADE = "downgrade"
    UNKNOWN = "unknown"

    @property
    def refused(self) -> bool:
        """Whether Slurm would not start."""
        return self in (Verdict.TOO_OLD, Verdict.DOWNGRADE)


def release(version: str) -> str:
    """The release in the version of a package or a program: ``24.11`` in ``24.11.5-4+deb13u1``; empty if not found."""
    found = re.search(r"(?<![\d.])(\d\d\.\d\d)(?![\d])", version)
    return found.group(1) if found else ""


def upstream(version: str) -> str:
    """Slurm's version in the version of a package: ``24.11.5`` in ``24.11.5-4+deb13u1``; empty if not found."""
    found = re.search(r"(?<![\d.])\d\d\.\d\d(\.\d+)?", version)
    return found.group() if found else ""


def verdict(former: str, new: str) -> Verdict:
    """Whether a release of Slurm can use the state of another one.

    Args:
        former: the release that wrote the state, like ``24.11``.
        new: the release to run.
    """
    if former == new:
        return Verdict.SAME
    if not former or not new:
        return Verdict.UNKNOWN
    if release_order(former) > release_order(new):
        return Verdict.DOWNGRADE
    if new not in UPGRADES:
        return Verdict.UNKNOWN
    return Verdict.UPGRADE if former in UPGRADES[new] else Verdict.TOO_OLD


def steps(former: str, new: str) -> list[str]:
    """The shortest sequence of upgrades, up to and including the new release; empty if there is none."""
    ways = [[former]]
    seen = {former}
    for way in ways:
        if way[-1] == new:
            return way[1:]
        # Try the newest releases first: of two sequences of the same length, theirs stays supported longer.
        for each in sorted(UPGRADES, key=release_order, reverse=True):
            if way[-1] in UPGRADES[each] and each not in seen:
                seen.add(each)
                ways.append([*way, each])
    return []


def refusal(former: str, new: str) -> tuple[str, str] | None:
    """Why a version of Slurm cannot start with the state of another, and what to do; None if it can, or if unknown.

    Args:
        former: the version that wrote the state.
        new: the version to run.
    """
    old, young = release(former), release(new)
    found = verdict(old, young)
    if found is Verdict.DOWNGRADE:
        return (
            f"Slurm {upstream(new)} is older than {upstream(former)}, which wrote the state: slurmctld and slurmdbd "
            "cannot read the state of a newer release",
            f"use an image with Slurm {old} or newer; to downgrade, restore the backup from before the upgrade "
            "(slurm-appliance slurm restore), which loses all jobs and accounting since then",
        )
    if found is Verdict.TOO_OLD:
        way = steps(old, young)
        through = (
            f"upgrade through {' and '.join(way[:-1])}, each with an image and an update of the cluster"
            if len(way) > 1
            else "no sequence of upgrades leads there"
        )
        return (
            f"Slurm {upstream(new)} cannot upgrade the state of slurmctld and slurmdbd from {upstream(former)}, only "
            f"from {', '.join(UPGRADES[young])}",
            f"{through}; or start with an empty state volume, which loses jobs, their history and accounts",
        )
    return None


def release_order(of: str) -> tuple[int, ...]:
    """A key that sorts releases by age: ``(24, 11)`` for ``24.11``."""
    return tuple(int(part) for part in of.split("."))
