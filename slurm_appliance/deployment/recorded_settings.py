"""The configuration of the last run, which the state records, and what differs from it now. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from slurm_appliance.config import ClusterConfig, from_mapping
from slurm_appliance.config.changes import SettingChange, changes
from slurm_appliance.config.show import given
from slurm_appliance.errors import ConfigError

#: The component that records it, and the output that it does so in.
_COMPONENT = "slurm-appliance:index:Cluster"
OUTPUT = "settings"


def recorded_settings(config: ClusterConfig) -> str:
    """What the state is to record: the settings that were given, without secrets, as JSON."""
    return json.dumps(given(config), sort_keys=True)


def setting_changes(deployment: Mapping[str, Any], config: ClusterConfig) -> tuple[SettingChange, ...]:
    """The settings that differ from those of the last run.

    Nothing where the state has none, or has settings that this version does not take: they only explain a plan.
    """
    for resource in deployment.get("resources") or ():
        text = (resource.get("outputs") or {}).get(OUTPUT) if resource["type"] == _COMPONENT else None
        if isinstance(text, str):
            try:
                name = config.environment_name or ""
                return changes(_loaded(json.loads(text), name), _loaded(given(config), name))
            except (ConfigError, ValueError):
                return ()
    return ()


def _loaded(settings: Mapping[str, Any], environment: str) -> ClusterConfig:
    return from_mapping(dict(settings), "the state", environment=environment, own=None)
