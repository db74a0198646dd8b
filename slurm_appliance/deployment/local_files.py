"""Whether this machine has the environment's files of the recorded state, or another one brought it to that state."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slurm_appliance.engine.steps import COMMAND
from slurm_appliance.environment.folder import EnvironmentFolder

_HOST_KEYS = "host-keys"
#: What the files are written from: by command, the property of the state that has it.
_SOURCES = {"inventory": ("inputs", "stdin"), "secrets": ("inputs", "stdin"), _HOST_KEYS: ("outputs", "stdout")}


def has_files(folder: EnvironmentFolder, deployment: Mapping[str, Any]) -> bool:
    """Whether this machine has them; False after a run of plain ``pulumi``, which does not record its state here."""
    recorded = _recorded(deployment)
    keys = _HOST_KEYS not in recorded or folder.known_hosts.exists()
    return keys and folder.recorded_state() == _digest(recorded) and folder.is_intact()


def record_files(folder: EnvironmentFolder, deployment: Mapping[str, Any]) -> None:
    """Record that this machine has them, after a run that wrote them."""
    folder.record_state(_digest(_recorded(deployment)))


def _recorded(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """What the state has of the files, by command; secrets are encrypted there."""
    found = {}
    for resource in deployment.get("resources") or []:
        name = resource["urn"].rpartition("::")[2]
        if resource["type"] == COMMAND and name in _SOURCES:
            side, property_ = _SOURCES[name]
            found[name] = (resource.get(side) or {}).get(property_)
    return found


def _digest(recorded: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest()
