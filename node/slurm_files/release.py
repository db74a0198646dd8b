"""Which releases of Slurm take over the state of which others: slurmctld's, slurmdbd's and that of running jobs. Pure.

A release starts on the state of its own, and of those that `TAKEN_OVER` names; on any other it ends at once. Nothing
goes back to an older release: that needs the state and the database of before.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

#: By release, those whose state it takes over: SchedMD's release notes.
TAKEN_OVER: Mapping[str, tuple[str, ...]] = {
    "23.11": ("22.05", "23.02"),
    "24.05": ("23.02", "23.11"),
    "24.11": ("23.02", "23.11", "24.05"),
    "25.05": ("23.11", "24.05", "24.11"),
    "25.11": ("24.05", "24.11", "25.05"),
    "26.05": ("24.11", "25.05", "25.11"),
}


class Verdict(enum.Enum):
    """What becomes of a release's state under another one."""

    SAME = "same"
    TAKEN_OVER = "taken over"
    TOO_OLD = "too old"
    NEWER = "newer"
    UNKNOWN = "unknown"

    @property
    def refused(self) -> bool:
        """Whether Slurm would not start."""
        return self in (Verdict.TOO_OLD, Verdict.NEWER)


def release(version: str) -> str:
    """The release in a version, of a package or of a program: ``24.11`` in ``24.11.5-4+deb13u1``; empty for none."""
    found = re.search(r"(?<![\d.])(\d\d\.\d\d)(?![\d])", version)
    return found.group(1) if found else ""


def upstream(version: str) -> str:
    """Slurm's own version in a package's: ``24.11.5`` in ``24.11.5-4+deb13u1``; empty for none."""
    found = re.search(r"(?<![\d.])\d\d\.\d\d(\.\d+)?", version)
    return found.group() if found else ""


def verdict(former: str, new: str) -> Verdict:
    """What becomes of a release's state under another one.

    Args:
        former: release whose state is there, like ``24.11``.
        new: release that is to run.
    """
    if former == new:
        return Verdict.SAME
    if not former or not new:
        return Verdict.UNKNOWN
    if _order(former) > _order(new):
        return Verdict.NEWER
    if new not in TAKEN_OVER:
        return Verdict.UNKNOWN
    return Verdict.TAKEN_OVER if former in TAKEN_OVER[new] else Verdict.TOO_OLD


def steps(former: str, new: str) -> list[str]:
    """The fewest releases to go through, the last one included; none where there is no way."""
    ways = [[former]]
    seen = {former}
    for way in ways:
        if way[-1] == new:
            return way[1:]
        # The newest first: of two ways of a length, the one that is out of date later.
        for each in sorted(TAKEN_OVER, key=_order, reverse=True):
            if way[-1] in TAKEN_OVER[each] and each not in seen:
                seen.add(each)
                ways.append([*way, each])
    return []


def refusal(former: str, new: str) -> tuple[str, str] | None:
    """Why a release does not start on another's state, and what can be done; None where it does, or nobody knows.

    Args:
        former: version that the state is of.
        new: version that is to run.
    """
    old, young = release(former), release(new)
    found = verdict(old, young)
    if found is Verdict.NEWER:
        return (
            f"Slurm {upstream(new)} is older than {upstream(former)}, whose state is there: slurmctld and slurmdbd "
            "read no state of a newer release",
            f"use an image with Slurm {old} or newer; or go back with the backup that was made before the upgrade "
            "(slurm restore): what happened since is lost",
        )
    if found is Verdict.TOO_OLD:
        way = steps(old, young)
        through = (
            f"go by way of {' and '.join(way[:-1])}: an image and an update of the cluster each"
            if len(way) > 1
            else "no way of releases leads there"
        )
        return (
            f"Slurm {upstream(new)} takes over no state of {upstream(former)}, only of "
            f"{', '.join(TAKEN_OVER[young])}: neither slurmctld's nor slurmdbd's",
            f"{through}; or begin with an empty state volume: jobs, their history and accounts are lost",
        )
    return None


def _order(of: str) -> tuple[int, ...]:
    return tuple(int(part) for part in of.split("."))
