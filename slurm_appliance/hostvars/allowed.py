"""The variables that a compute node may have: those that its roles declare (`playbooks.node_roles`).

A test compares each declaration of ours with what the role's tasks and templates use.
"""

from collections.abc import Iterable
from pathlib import Path

from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.playbooks.node_roles import NodeRole, declared_role
from slurm_appliance.site_repository.entries import DECLARATION

#: The variable with a node's entries.
ENTRIES = "compute_init_enable"


def node_roles(folder: Path) -> list[NodeRole]:
    """The roles in a folder that have a declaration, by name.

    Raises:
        HostVariablesError: a declaration is malformed.
    """
    return [_read(path, path.parent.parent.name) for path in sorted(folder.glob(f"*/{DECLARATION}"))]


def allowed(roles: Iterable[NodeRole], enabled: Iterable[str]) -> frozenset[str]:
    """The variables allowed for a node with these entries of ``compute_init_enable``.

    The entries themselves are among them: a node sets itself up again where only they have changed.
    """
    entries = frozenset(enabled)
    return frozenset({ENTRIES}).union(*(role.variables for role in roles if role.compute_init in entries))


def _read(path: Path, name: str) -> NodeRole:
    role = declared_role(name, path.read_bytes())
    if role is None:
        raise HostVariablesError(
            "does not declare node variables",
            where=str(path),
            remedy="add compute_init and a list node_variables",
        )
    return role
