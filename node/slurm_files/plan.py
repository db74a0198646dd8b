"""What must be done so that a daemon runs with the set in use. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from .conf import SECRET_FILES, option

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
    """For slurmdbd, which reads its file and the key, and only when it starts.

    Args:
        proven: files that it last ran with.
        in_use: files in use.
        active: whether it is running.
    """
    if not active:
        return DaemonAction.START
    same = all(proven.get(name) == in_use.get(name) for name in SECRET_FILES)
    return DaemonAction.NOTHING if same else DaemonAction.RESTART


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


def other_authentication(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> bool:
    """Whether jobs that were started with the former files could no longer reach slurmctld.

    A job's processes keep the plugin and the key of their start. munge's key is not among the files: munged has it.
    """
    return bool(before) and _authentication(before) != _authentication(now)


def _authentication(files: Mapping[str, bytes]) -> tuple[str, bytes]:
    kind = option(files.get("slurm.conf", b"").decode(errors="replace"), "AuthType") or "auth/munge"
    return kind, files.get("slurm.key", b"")


def _read_by_slurmctld(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "slurmdbd.conf"}


def _fixed(files: Mapping[str, bytes]) -> list[bytes]:
    lines = [found.group() for found in _FIXED.finditer(files.get("slurm.conf", b""))]
    return [*lines, files.get("slurm.key", b"")]


def _without_partitions(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: re.sub(rb"(?m)^PartitionName=.*\n?", b"", content) for name, content in files.items()}


def version_of(text: str) -> tuple[int, ...]:
    """The version in ``slurm-wlm 22.05.8`` or ``slurm 24.11.5``."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()
