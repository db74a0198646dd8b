"""The bundle of one node: two small files."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.references import references

#: The schema of the bundle; compute-init rejects any other.
SCHEMA = 1
#: Maximum size of bundle.json and variables.json together in bytes, for any cluster size.
MOST_BYTES = 10_000


@dataclass(frozen=True)
class ComputeNode:
    """A compute node.

    Attributes:
        name: its inventory and Slurm name.
        address: its address in the access network: only this address may read its bundle.
        instance_id: its server.
        image_id: its target image.
        variables: all its variables in the inventory, including its groups', with templates unresolved.
        allowed: names of the allowed ones, from `allowed.allowed`.
    """

    name: str
    address: str
    instance_id: str
    image_id: str
    variables: Mapping[str, Any]
    allowed: frozenset[str]


def node_variables(node: ComputeNode, forbidden: Collection[str] = ()) -> dict[str, Any]:
    """The variables of a node: the allowed ones, and those that they reference.

    Raises:
        HostVariablesError: one of them cannot be used on a node, or is or references a forbidden one.
    """
    chosen: dict[str, Any] = {}
    waiting = sorted(name for name in node.allowed if name in node.variables)
    because = dict.fromkeys(waiting, "its roles use it")
    while waiting:
        name = waiting.pop()
        if name in forbidden:
            raise HostVariablesError(
                f"variable {name} is a secret that must not reach compute nodes, but {because[name]}",
                where=node.name,
                remedy="remove it from the role's meta/node_variables.yml, or from the variable that references it",
            )
        value = node.variables[name]
        try:
            found = references(value)
        except ValueError as error:
            raise HostVariablesError(f"variable {name} {error}", where=node.name) from error
        chosen[name] = value
        for other in sorted(found):
            if other in node.variables and other not in because:
                because[other] = f"{name} references it"
                waiting.append(other)
    return dict(sorted(chosen.items()))


def bundle(node: ComputeNode, shared: Mapping[str, str], forbidden: Collection[str] = ()) -> dict[str, bytes]:
    """A node's two files by name.

    Args:
        node: the node.
        shared: SHA-256 by name of the other files in its folder.
        forbidden: variables that must not reach compute nodes.

    Raises:
        HostVariablesError: as node_variables(), or the two files exceed `MOST_BYTES`.
    """
    variables = node_variables(node, forbidden)
    text = _json(variables)
    head = _json(
        {
            "schema": SCHEMA,
            "node": node.name,
            "instance_id": node.instance_id,
            "image_id": node.image_id,
            "files": {**shared, "variables.json": hashlib.sha256(text).hexdigest()},
        }
    )
    if len(text) + len(head) > MOST_BYTES:
        sizes = sorted(((len(_json(value)), name) for name, value in variables.items()), reverse=True)
        largest = ", ".join(f"{name} ({size})" for size, name in sizes[:3])
        raise HostVariablesError(
            f"its variables take {len(text) + len(head)} bytes, the limit of a bundle is {MOST_BYTES}: {largest}",
            where=node.name,
            remedy="move variables that are the same for all nodes to a shared file",
        )
    return {"bundle.json": head, "variables.json": text}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
