"""What must be done so that a daemon runs with the set in use. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

#: Options that no slurmctld version applies on reconfigure.
_FIXED = re.compile(
    rb"(?im)^(AuthType|AuthAltTypes|CredType|SlurmctldPort|SlurmdPort|SlurmctldHost|StateSaveLocation)\s*=.*"
)
#: From this version on, a reconfigure starts new processes and keeps the old ones if those fail.
_BY_NEW_PROCESSES = (23, 11)


class DaemonAction(enum.Enum):
    """What to do with a daemon."""

    NOTHING = "nothing"
    START = "start"
    RESTART = "restart"
    RECONFIGURE = "reconfigure"


def slurmdbd(proven: Mapping[str, bytes], in_use: Mapping[str, bytes], active: bool) -> DaemonAction:
    """For slurmdbd, which reads one file, and only when it starts.

    Args:
        proven: files that it last ran with.
        in_use: files in use.
        active: whether it is running.
    """
    if not active:
        return DaemonAction.START
    return DaemonAction.NOTHING if proven.get("slurmdbd.conf") == in_use.get("slurmdbd.conf") else DaemonAction.RESTART


def slurmctld(
    proven: Mapping[str, bytes], in_use: Mapping[str, bytes], active: bool, version: tuple[int, ...]
) -> DaemonAction:
    """For slurmctld. Running jobs are not affected by a restart.

    Args:
        proven: files that it last ran with.
        in_use: files in use.
        active: whether it is running.
        version: of Slurm: (22, 5, 8).
    """
    if not active:
        return DaemonAction.START
    before, now = _read_by_slurmctld(proven), _read_by_slurmctld(in_use)
    if before == now:
        return DaemonAction.NOTHING
    if version >= _BY_NEW_PROCESSES:
        return DaemonAction.RECONFIGURE if _fixed(before) == _fixed(now) else DaemonAction.RESTART
    # Slurm 22.05 applies new partitions on reconfigure, everything else on restart.
    return DaemonAction.RECONFIGURE if _without_partitions(before) == _without_partitions(now) else DaemonAction.RESTART


def _read_by_slurmctld(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "slurmdbd.conf"}


def _fixed(files: Mapping[str, bytes]) -> list[bytes]:
    return [found.group() for found in _FIXED.finditer(files.get("slurm.conf", b""))]


def _without_partitions(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: re.sub(rb"(?m)^PartitionName=.*\n?", b"", content) for name, content in files.items()}


def version_of(text: str) -> tuple[int, ...]:
    """The version in ``slurm-wlm 22.05.8`` or ``slurm 24.11.5``."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()
