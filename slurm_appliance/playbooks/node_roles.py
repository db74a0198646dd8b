"""Roles that compute nodes run themselves, ours and a site's: each says in ``meta/node_variables.yml`` what it needs.

::

    compute_init: nfs            # the entry of compute_init_enable that runs this role on a node
    node_variables:              # variables of the inventory that it reads there
      - nfs_server
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

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


def declared_role(name: str, text: str | bytes) -> NodeRole | None:
    """The role with this declaration; None if it is none.

    Args:
        name: the role's name.
        text: the declaration.
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    good = isinstance(document, Mapping) and set(document) == {"compute_init", "node_variables"}
    names = document["node_variables"] if good else None
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        return None
    return NodeRole(name, str(document["compute_init"]), frozenset(names))
