"""Exports the stacks of this machine's Pulumi backend as text, to search them for IDs."""

import json
import os
import subprocess
from collections.abc import Mapping

from slurm_appliance.errors import ApplianceError
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY


def states(toolchain: Toolchain, variables: Mapping[str, str]) -> dict[str, str]:
    """The exported state of every stack of this project in the current backend.

    Raises:
        ApplianceError: the backend cannot be queried.
    """
    stacks = json.loads(_pulumi(toolchain, variables, "stack", "ls", "--json"))
    return {each["name"]: _pulumi(toolchain, variables, "stack", "export", "--stack", each["name"]) for each in stacks}


def _pulumi(toolchain: Toolchain, variables: Mapping[str, str], *arguments: str) -> str:
    ended = subprocess.run(
        [toolchain.programs / "pulumi", *arguments, "--non-interactive", "--cwd", str(REPOSITORY)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **toolchain.variables(), **variables},
    )
    if ended.returncode != 0:
        raise ApplianceError(
            f"pulumi {' '.join(arguments[:2])}: {ended.stderr.strip()}",
            where="stacks",
            remedy="check PULUMI_BACKEND_URL (or `pulumi login`); or ignore the states with --without-states",
        )
    return ended.stdout
