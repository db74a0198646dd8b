"""The state of a stack as plain ``pulumi`` sees it, which the Pulumi program compares with the project."""

import json
import shutil
import subprocess
from typing import Any

from slurm_appliance.engine.recorded import Recorded, recorded
from slurm_appliance.engine.settings import shown_backend, state_root, state_store
from slurm_appliance.errors import ApplianceError
from slurm_appliance.journal.keeper import find_current
from slurm_appliance.journal.layout import ORGANIZATION, StackPlace, StateLayout
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
    place = stack_place(project, stack)
    deployment = resources_of(place) if place else _exported(f"{ORGANIZATION}/{project}/{stack}")
    return recorded(deployment, stack, shown_backend())


def stack_place(project: str, stack: str) -> StackPlace | None:
    """The files of a stack; None if its state is in a service, such as Pulumi Cloud.

    Raises:
        UsageError: the backend's URL or its credentials have something that is not supported.
    """
    root = state_root()
    if root:
        return StateLayout(root, project, stack)
    store = state_store()
    return StackPlace(store, project, stack) if store else None


def resources_of(place: StackPlace) -> dict[str, Any]:
    """A stack's resources, including those of an unfinished journal; empty for a stack that does not exist.

    Raises:
        JournalError: the state cannot be read.
    """
    state = find_current(place)
    return dict(state["checkpoint"].get("latest") or {}) if state else {}


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
