"""The state of a stack as plain ``pulumi`` sees it, which the Pulumi program compares with the project."""

import json
import shutil
import subprocess
from typing import Any

from slurm_appliance.engine.recorded import Recorded, recorded
from slurm_appliance.engine.settings import shown_backend, state_root
from slurm_appliance.errors import ApplianceError
from slurm_appliance.journal.keeper import current
from slurm_appliance.journal.layout import ORGANIZATION, StateLayout
from toolchain.paths import REPOSITORY

#: Timeout for a remote backend in seconds.
_LIMIT = 300


def recorded_state(project: str, stack: str) -> Recorded:
    """What the state of a stack records; empty for a stack that was never updated.

    Args:
        project: the project's name.
        stack: the stack's name.

    Raises:
        ApplianceError: the state cannot be read.
    """
    root = state_root()
    deployment = (
        _from_file(StateLayout(root, project, stack)) if root else _exported(f"{ORGANIZATION}/{project}/{stack}")
    )
    return recorded(deployment, stack, shown_backend())


def _from_file(layout: StateLayout) -> dict[str, Any]:
    return dict(current(layout)["checkpoint"].get("latest") or {}) if layout.state.exists() else {}


def _exported(name: str) -> dict[str, Any]:
    """The state from any other backend, exported with ``pulumi``, which takes no lock for that."""
    program = shutil.which("pulumi")
    if program is None:
        remedy = 'put pulumi on PATH: eval "$(./slurm-appliance env)"'
        raise ApplianceError("cannot read the state: pulumi is not on PATH", where=name, remedy=remedy)
    command = [program, "stack", "export", "--stack", name, "--non-interactive", "--color", "never"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if ended.returncode != 0:
        said = ended.stderr.strip().removeprefix("error: ")
        remedy = "check PULUMI_BACKEND_URL (or `pulumi login`)"
        raise ApplianceError(f"cannot read the state: {said}", where=name, remedy=remedy)
    return dict(json.loads(ended.stdout).get("deployment") or {})
