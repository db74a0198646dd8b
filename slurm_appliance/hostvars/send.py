"""Brings an archive to the control node: one connection, one program there, one line of result."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from slurm_appliance.hostvars.errors import HostVariablesError

#: The program of the control image that unpacks the archive.
RECEIVER = "/usr/sbin/slurm-appliance-receive-export"


def send(archive: bytes, ssh: Sequence[str], *, seconds: float = 300.0) -> dict[str, Any]:
    """Hand the archive to the receiver, as root; returns what it says: counts of nodes, changed and removed files.

    Args:
        archive: see `export.archive`; it holds secrets and goes through standard input only.
        ssh: the command that reaches the control node: ``["ssh", ..., "user@host"]``.
        seconds: for all of it.

    Raises:
        HostVariablesError: not in time, or the receiver did not take it.
    """
    where = ssh[-1]
    try:
        ended = subprocess.run(
            [*ssh, "sudo", "-n", RECEIVER], input=archive, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostVariablesError(f"the control node did not take the export in {seconds:.0f} s", where=where) from error
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines() or ["no explanation"]
        raise HostVariablesError(f"the control node did not take the export: {said[-1]}", where=where)
    result: dict[str, Any] = json.loads(ended.stdout)
    return result
