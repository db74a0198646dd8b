"""Changes a trial copy of Slurm's files. Pure.

Lines are changed in place, never added or removed, so line numbers in Slurm's messages match the original files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .conf import option

#: Programs that slurmctld runs when it starts or stops.
_PROGRAMS = ("SlurmctldPrimaryOnProg", "SlurmctldPrimaryOffProg")


def slurm_conf(text: str, scratch: Path) -> str:
    """slurm.conf for a slurmctld with all files below a scratch folder, and without slurmdbd."""
    accounted = (option(text, "AccountingStorageType") or "").lower() == "accounting_storage/slurmdbd"
    return _replaced(
        text,
        {
            # Other accounting options only concern slurmdbd and its database.
            **({"AccountingStorageTRES": "cpu,mem,energy,node,billing"} if accounted else {}),
            "StateSaveLocation": str(scratch / "state"),
            "SlurmctldPidFile": str(scratch / "run" / "slurmctld.pid"),
            "SlurmctldLogFile": str(scratch / "run" / "slurmctld.log"),
            "SlurmSchedLogFile": str(scratch / "run" / "sched.log"),
            "JobCompLoc": str(scratch / "run" / "jobcomp"),
            "AccountingStorageType": "accounting_storage/none",
            **dict.fromkeys(_PROGRAMS, "/bin/true"),
        },
    )


def slurmdbd_conf(text: str, scratch: Path) -> str:
    """slurmdbd.conf for a slurmdbd without a database."""
    return _replaced(
        text,
        {
            "PidFile": str(scratch / "run" / "slurmdbd.pid"),
            "LogFile": str(scratch / "run" / "slurmdbd.log"),
            "ArchiveDir": str(scratch / "run"),
            "StorageHost": "localhost",
        },
    )


def _replaced(text: str, values: Mapping[str, str]) -> str:
    by_lower = {name.lower(): value for name, value in values.items()}

    def line(raw: str) -> str:
        found = re.match(r"\s*(\w+)\s*=", raw)
        value = by_lower.get(found.group(1).lower()) if found else None
        return raw if found is None or value is None else f"{found.group(1)}={value}"

    return "".join(line(raw) + "\n" for raw in text.splitlines())


def hosts_file(present: str, text: str, control: str) -> str:
    """/etc/hosts for the trial: the existing content, and every node's name.

    An unknown name would cost the trial ten seconds per node, and is unrelated to the files.
    """
    known = {name for line in present.splitlines() for name in line.partition("#")[0].split()[1:]}
    named = [control]
    for raw in text.splitlines():
        found = re.match(r"(?i)\s*NodeName=(\S+)", raw)
        if found:
            named += [name for name in found.group(1).split(",") if "[" not in name]
    missing = dict.fromkeys(name for name in named if name and name not in known)
    return present.rstrip("\n") + "\n" + "".join(f"127.0.0.1 {name}\n" for name in missing)
