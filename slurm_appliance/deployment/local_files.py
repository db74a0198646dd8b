"""Whether this machine has the environment's files of the recorded state, or another one brought it to that state."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slurm_appliance.engine.recorded import recorded_command
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
    commands = {name: recorded_command(deployment, name) for name in _SOURCES}
    return {
        name: (command.get(side) or {}).get(property_)
        for name, (side, property_) in _SOURCES.items()
        if (command := commands[name]) is not None
    }


def _digest(recorded: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest()
