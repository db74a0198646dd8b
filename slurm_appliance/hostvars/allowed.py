"""The variables that a compute node may have: those that its roles declare.

Each role that compute nodes run themselves declares them in ``ansible/roles/<role>/meta/node_variables.yml``::

    compute_init: nfs            # the entry of compute_init_enable that runs this role on a node
    node_variables:              # variables of the inventory that it reads there
      - nfs_server

A test compares the list with what the role's tasks and templates use.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from slurm_appliance.hostvars.errors import HostVariablesError

#: The file in which a role declares its variables on a node.
DECLARATION = Path("meta", "node_variables.yml")


@dataclass(frozen=True)
class NodeRole:
    """A role that compute nodes run themselves.

    Attributes:
        name: name of its folder.
        compute_init: the entry of ``compute_init_enable`` that enables it.
        variables: the inventory's variables that it reads.
    """

    name: str
    compute_init: str
    variables: frozenset[str]


def node_roles(folder: Path) -> list[NodeRole]:
    """The roles in a folder that have a declaration, by name.

    Raises:
        HostVariablesError: a declaration is malformed.
    """
    return [_read(path, path.parent.parent.name) for path in sorted(folder.glob(f"*/{DECLARATION}"))]


def allowed(roles: Iterable[NodeRole], enabled: Iterable[str]) -> frozenset[str]:
    """The variables allowed for a node with these entries of ``compute_init_enable``."""
    entries = frozenset(enabled)
    return frozenset().union(*(role.variables for role in roles if role.compute_init in entries))


def _read(path: Path, name: str) -> NodeRole:
    document = yaml.safe_load(path.read_text())
    good = isinstance(document, Mapping) and set(document) == {"compute_init", "node_variables"}
    names = document["node_variables"] if good else None
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise HostVariablesError(
            "does not declare node variables",
            where=str(path),
            remedy="add compute_init and a list node_variables",
        )
    return NodeRole(name, str(document["compute_init"]), frozenset(names))
