"""Roles that compute nodes run themselves, ours and a site's: each says in ``meta/node_variables.yml`` what it needs.

::

    compute_init: nfs            # the entry of compute_init_enable that runs this role on a node
    node_variables:              # variables of the inventory that it reads there
      - nfs_server

compute-init runs a role of ours again only if its inputs change. These are the variables, and what the role names as:

- ``reads``: variables that only the conditions in compute-init.yml read;
- ``files``: files of the bundle;
- ``needs``: roles that set facts for it, and therefore run with it;
- ``follows``: roles whose results it reads: it runs when they run.

compute-init runs a site's roles always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

#: Its keys: those that it has, and those that it may have.
_KEYS, _INPUTS = frozenset({"compute_init", "node_variables"}), frozenset({"reads", "files", "needs", "follows"})


@dataclass(frozen=True)
class NodeRole:
    """A role that compute nodes run themselves.

    Attributes:
        name: name of its folder.
        compute_init: the entry of ``compute_init_enable`` that enables it.
        variables: the inventory's variables that it reads.
        inputs: what else it depends on, by key.
    """

    name: str
    compute_init: str
    variables: frozenset[str]
    inputs: Mapping[str, frozenset[str]] = field(default_factory=dict)


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
    if not isinstance(document, Mapping) or not _KEYS <= set(document) <= _KEYS | _INPUTS:
        return None
    lists = {key: _names(document[key]) for key in document if key != "compute_init"}
    found = {key: names for key, names in lists.items() if names is not None}
    if found.keys() != lists.keys():
        return None
    variables = found.pop("node_variables")
    return NodeRole(name, str(document["compute_init"]), variables, found)


def _names(value: Any) -> frozenset[str] | None:
    good = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return frozenset(value) if good else None
