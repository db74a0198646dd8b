"""The bundle of one node: two small files."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.references import references

#: The form of the bundle; compute-init refuses any other.
SCHEMA = 2
#: The setting for how soon a node notices a change; compute-init reads it, no role.
FOLLOW = "compute_follow_seconds"
#: The key of bundle.json that changes where compute nodes are to run all their roles.
EVERYTHING = "everything"
#: Bytes of bundle.json and variables.json together, whatever the cluster's size.
MOST_BYTES = 10_000


@dataclass(frozen=True)
class SharedFile:
    """A file that is the same for all nodes.

    Attributes:
        content: what is in it.
        keep: nodes may keep it on their disks, so that they fetch it only when it changes: never for a secret.
    """

    content: bytes
    keep: bool = False


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


def listed(file: SharedFile) -> dict[str, Any]:
    """What bundle.json says about a file."""
    return {
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "bytes": len(file.content),
        **({"keep": True} if file.keep else {}),
    }


def bundle(
    node: ComputeNode, shared: Mapping[str, Mapping[str, Any]], forbidden: Collection[str] = (), everything: str = ""
) -> dict[str, bytes]:
    """A node's two files by name.

    Args:
        node: the node.
        shared: what `listed` says of the files that lie beside its own in its folder, by name.
        forbidden: variables that no compute node may have.
        everything: differs from that of the last bundle to make the node run all its roles.

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
            **({"follow_seconds": node.variables[FOLLOW]} if FOLLOW in node.variables else {}),
            **({EVERYTHING: everything} if everything else {}),
            "files": {**shared, "variables.json": listed(SharedFile(text))},
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
