"""The cluster's users in one file, which every node reads unchanged.

They are not a variable of the inventory: Ansible would keep a copy for each host and search it in every task.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slurm_appliance.config import ClusterConfig
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.references import plain, references

#: Name of the file: in the inventory's folder, among the rendered files, and in a node's bundle.
NAME = "users.json"
#: The variable in inventories that are written by hand.
VARIABLE = "users"


def of_config(config: ClusterConfig) -> str:
    """The text of the file for a configuration."""
    return _text(config.model_dump(mode="json", include={"users"})["users"])


def of_inventory(inventory: Path, hosts: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The file for an inventory: from its variable ``users``, or else the file in the inventory's folder.

    Raises:
        HostVariablesError: hosts have different users, or the variable has templates.
    """
    found = {name: variables[VARIABLE] for name, variables in sorted(hosts.items()) if VARIABLE in variables}
    if not found:
        file = inventory.parent / NAME
        return file.read_bytes() if file.exists() else _text({}).encode()
    first, users = next(iter(found.items()))
    for name, other in found.items():
        if other is not users and other != users:
            raise HostVariablesError(
                f"variable {VARIABLE} differs from that of {first}",
                where=name,
                remedy="define it once for all hosts, in group_vars/all",
            )
    try:
        used = references(users)
    except ValueError as error:
        raise HostVariablesError(f"variable {VARIABLE} {error}", where=first) from error
    if used:
        raise HostVariablesError(
            f"variable {VARIABLE} refers to {', '.join(sorted(used))}",
            where=first,
            remedy="write the values into it",
        )
    return _text(plain(users)).encode()


def _text(users: Mapping[str, Any]) -> str:
    """JSON with one line for each user."""
    lines = (f"{json.dumps(name)}: {json.dumps(settings, sort_keys=True)}" for name, settings in sorted(users.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"
