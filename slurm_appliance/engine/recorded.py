"""What a stack's state records about the project, as needed by the checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slurm_appliance.engine.steps import COMMAND

#: The providers of resources in the project; commands and secrets are not among them.
_OPENSTACK = "openstack:"


@dataclass(frozen=True)
class Recorded:
    """The recorded data.

    Attributes:
        stack: the stack's name.
        backend: location of the state, without credentials.
        ids: the ids of the recorded resources, by type.
        names: their names in OpenStack, by type.
        projects: the IDs of their projects, if recorded.
        interrupted: whether a run was interrupted and not repaired yet.
    """

    stack: str
    backend: str
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    projects: frozenset[str] = frozenset()
    interrupted: bool = False

    @property
    def where(self) -> str:
        """The state's location, as text."""
        return f"the state of stack {self.stack} in {self.backend}"

    def has(self, type_: str, id_: str, name: str) -> bool:
        """Whether a resource is recorded, or another one of its type has its name."""
        return id_ in self.ids.get(type_, ()) or name in self.names.get(type_, ())


def recorded(
    deployment: Mapping[str, Any], stack: str, backend: str, found: Iterable[tuple[str, str]] | None = None
) -> Recorded:
    """Extract what a state records.

    Args:
        deployment: the state's resources.
        stack: the stack's name.
        backend: location of the state, without credentials.
        found: type and ID of interrupted creations that the next run repairs; None if it does not repair.
    """
    ids: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    projects: set[str] = set()
    for resource in deployment.get("resources") or []:
        type_ = str(resource["type"])
        if not type_.startswith(_OPENSTACK) or not resource.get("id"):
            continue
        ids.setdefault(type_, set()).add(resource["id"])
        name = (resource.get("inputs") or {}).get("name")
        if isinstance(name, str):
            names.setdefault(type_, set()).add(name)
        project = (resource.get("outputs") or {}).get("tenantId")
        if isinstance(project, str) and project:
            projects.add(project)
    for type_, id_ in found or ():
        ids.setdefault(type_, set()).add(id_)
    interrupted = found is None and bool(deployment.get("pending_operations"))
    return Recorded(stack, backend, _frozen(ids), _frozen(names), frozenset(projects), interrupted)


def recorded_command(deployment: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """One of our commands, with its inputs and outputs; None if the state does not have it.

    Args:
        deployment: the state's resources.
        name: the command's name: ``inventory``, ``site``.
    """
    for resource in deployment.get("resources") or []:
        if resource["type"] == COMMAND and resource["urn"].rpartition("::")[2] == name:
            return dict(resource)
    return None


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {type_: frozenset(values) for type_, values in sets.items()}
