"""Slurm's view of nodes, parsed from ``scontrol show node --oneliner``.

All Slurm releases since long before 22.05 have this text; ``--json`` is newer and its structure changes between
releases. Call it with ``SLURM_TIME_FORMAT=%s``, so that times need no time zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: Environment variables for every scontrol whose output is parsed here.
ENVIRONMENT: Mapping[str, str] = {"SLURM_TIME_FORMAT": "%s"}

#: Prefix of the RebootProgram's reasons in Slurm, which shows who set them.
REASON_PREFIX = "slurm-appliance-reboot: "

_FIELD = {
    name: re.compile(rf"(?:^|\s){name}=(\S*)")
    for name in ("NodeName", "State", "BootTime", "CPUAlloc", "Partitions", "Version")
}
_REASON = re.compile(r"\sReason=(.*)$")
#: scontrol appends the user and time of the reason: [slurm@1795422332].
_REASON_BY = re.compile(r"\s*\[[^\[\]]*@([^\[\]]*)\]\s*$")


@dataclass(frozen=True)
class SlurmNode:
    """One node from slurmctld.

    Attributes:
        flags: the parts of State: ``IDLE``, ``DRAIN``, ``REBOOT_ISSUED``, ``NOT_RESPONDING``...
        boot_time: seconds since the epoch, 0 if unknown to slurmctld.
        reason: the reason, without scontrol's user and time.
        allocated_cpus: more than 0 while jobs hold the node.
    """

    name: str
    flags: frozenset[str]
    boot_time: int = 0
    reason: str = ""
    allocated_cpus: int = 0
    partitions: tuple[str, ...] = ()

    @property
    def rebooting(self) -> bool:
        """Whether Slurm has called RebootProgram for the node and waits for its boot.

        ``scontrol reboot`` sets REBOOT_ISSUED, ``srun --reboot`` sets POWERING_UP.
        """
        return bool(self.flags & {"REBOOT_ISSUED", "POWERING_UP"})

    @property
    def out_of_reach(self) -> bool:
        """Whether Slurm has a reboot request for the node but cannot reach it: it only reboots responding nodes."""
        return self.flags >= {"REBOOT_REQUESTED", "NOT_RESPONDING"} and not self.rebooting and not self.busy

    @property
    def may_boot(self) -> bool:
        """Whether its server may be booted, because Slurm waits for that."""
        return self.rebooting or self.out_of_reach

    @property
    def in_service(self) -> bool:
        """Whether Slurm may start jobs on it, or has."""
        return bool(self.flags & {"IDLE", "MIXED", "ALLOCATED"}) and not self.flags & {
            "DRAIN",
            "FAIL",
            "MAINTENANCE",
            "NOT_RESPONDING",
            "PLANNED_DOWN",
            "POWERED_DOWN",
            "POWERING_DOWN",
            "POWERING_UP",
            "REBOOT_ISSUED",
            "REBOOT_REQUESTED",
        }

    @property
    def busy(self) -> bool:
        """Whether jobs are running on it or being cleaned up."""
        return self.allocated_cpus > 0 or bool(self.flags & {"ALLOCATED", "MIXED", "COMPLETING"})

    @property
    def state(self) -> str:
        """The flags in scontrol's format: one word, base state first."""
        base = [flag for flag in ("UNKNOWN", "FUTURE", "DOWN", "IDLE", "MIXED", "ALLOCATED") if flag in self.flags]
        return "+".join([*base, *sorted(self.flags.difference(base))])


def parse_nodes(text: str) -> dict[str, SlurmNode]:
    """Nodes by name. Other lines are skipped: scontrol reports unknown nodes on stderr."""
    nodes = {}
    for line in text.splitlines():
        name = _value(line, "NodeName")
        state = _value(line, "State")
        if not name or not state:
            continue
        boot_time = _value(line, "BootTime")
        reason = _REASON.search(line)
        nodes[name] = SlurmNode(
            name=name,
            # Short state names with a trailing * or ^ do not occur here, but removing them costs nothing.
            flags=frozenset(flag.strip("*^~#$@%!") for flag in state.upper().split("+")),
            boot_time=int(boot_time) if boot_time.isdigit() else 0,
            reason=_REASON_BY.sub("", reason[1]).strip() if reason else "",
            allocated_cpus=int(_value(line, "CPUAlloc") or 0),
            partitions=tuple(part for part in _value(line, "Partitions").split(",") if part),
        )
    return nodes


def _value(line: str, name: str) -> str:
    match = _FIELD[name].search(line)
    return match[1] if match else ""
