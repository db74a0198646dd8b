"""The cluster's secrets as an earlier ``up`` wrote them for Ansible; the state that had them may be lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import FILE, MAKERS

#: The Ansible variable with the entry of clouds.yaml for rebuilds.
_CLOUD = "reboot_cloud"


class _Loader(yaml.SafeLoader):
    """Reads ``!unsafe``, too, with which Ansible takes text literally."""


def _unsafe(loader: _Loader, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_constructor("!unsafe", _unsafe)


@dataclass(frozen=True)
class RecoveredSecrets:
    """The secrets in the environment's folder; empty without the file.

    Attributes:
        values: secrets by name, only those that the stack generates.
        credential_id: the ID of the application credential for rebuilds; empty if there is none.
        credential_secret: its secret.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    credential_id: str = ""
    credential_secret: str = field(default="", repr=False)


def recovered_secrets(folder: EnvironmentFolder) -> RecoveredSecrets:
    """What the folder still has."""
    try:
        found = yaml.load((folder.folder / FILE).read_text(), _Loader)  # noqa: S506 - a safe loader with one more tag
    except (OSError, yaml.YAMLError):
        return RecoveredSecrets()
    if not isinstance(found, dict):
        return RecoveredSecrets()
    auth: Mapping[str, Any] = (found.get(_CLOUD) or {}).get("auth") or {}
    return RecoveredSecrets(
        {name: found[name] for name in MAKERS if isinstance(found.get(name), str)},
        str(auth.get("application_credential_id") or ""),
        str(auth.get("application_credential_secret") or ""),
    )
