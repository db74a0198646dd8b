"""Slurm's view of nodes, from the text of ``scontrol show node --oneliner``.

That text is there in every Slurm release since long before 22.05; ``--json`` came to scontrol later and changes its
shape between releases. Call it with ``SLURM_TIME_FORMAT=%s``, so that times need no time zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: For the environment of every scontrol whose output is read here.
ENVIRONMENT: Mapping[str, str] = {"SLURM_TIME_FORMAT": "%s"}

#: In front of each reason that the RebootProgram gives Slurm, so that everyone sees who set it.
REASON_PREFIX = "slurm-appliance-reboot: "

_FIELD = {
    name: re.compile(rf"(?:^|\s){name}=(\S*)")
    for name in ("NodeName", "State", "BootTime", "CPUAlloc", "Partitions", "Version")
}
_REASON = re.compile(r"\sReason=(.*)$")
#: scontrol appends who set the reason and when: [slurm@1795422332].
_REASON_BY = re.compile(r"\s*\[[^\[\]]*@([^\[\]]*)\]\s*$")


@dataclass(frozen=True)
class SlurmNode:
    """One node as slurmctld sees it.

    Attributes:
        flags: the parts of State: ``IDLE``, ``DRAIN``, ``REBOOT_ISSUED``, ``NOT_RESPONDING``...
        boot_time: seconds since the epoch, 0 where slurmctld does not know.
        reason: without the name and time that scontrol adds.
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
        """Slurm has called RebootProgram for the node and waits for it to boot.

        ``scontrol reboot`` shows as REBOOT_ISSUED, ``srun --reboot`` as POWERING_UP.
        """
        return bool(self.flags & {"REBOOT_ISSUED", "POWERING_UP"})

    @property
    def out_of_reach(self) -> bool:
        """Slurm was asked to reboot the node and never will: it reboots only what answers."""
        return self.flags >= {"REBOOT_REQUESTED", "NOT_RESPONDING"} and not self.rebooting and not self.busy

    @property
    def may_boot(self) -> bool:
        """Whether its server may be booted: Slurm waits for just that."""
        return self.rebooting or self.out_of_reach

    @property
    def in_service(self) -> bool:
        """Slurm may start jobs on it, or has."""
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
        """Jobs run on it or are being cleaned up."""
        return self.allocated_cpus > 0 or bool(self.flags & {"ALLOCATED", "MIXED", "COMPLETING"})

    @property
    def state(self) -> str:
        """The flags as one word, base state first, as scontrol writes them."""
        base = [flag for flag in ("UNKNOWN", "FUTURE", "DOWN", "IDLE", "MIXED", "ALLOCATED") if flag in self.flags]
        return "+".join([*base, *sorted(self.flags.difference(base))])


def parse_nodes(text: str) -> dict[str, SlurmNode]:
    """Nodes by name. Lines that are not nodes are skipped: scontrol says what it does not know on stderr."""
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
            # A trailing * or ^ of short state names does not occur here, but costs nothing to take off.
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
