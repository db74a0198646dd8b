"""What a stack's state records of the project, as far as the checks ask for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The providers of the resources that are in the project; commands and secrets are not.
_OPENSTACK = "openstack:"


@dataclass(frozen=True)
class Recorded:
    """What the state knows.

    Attributes:
        stack: the stack's name.
        backend: where the state is, without credentials.
        ids: the ids of the recorded resources, by type.
        names: their names in OpenStack, by type.
        projects: the ids of the projects that they are in, as far as they say.
        interrupted: whether a run was interrupted, and nobody has put right what it left.
    """

    stack: str
    backend: str
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    projects: frozenset[str] = frozenset()
    interrupted: bool = False

    @property
    def where(self) -> str:
        """The state, in words."""
        return f"the state of stack {self.stack} in {self.backend}"

    def has(self, type_: str, id_: str, name: str) -> bool:
        """Whether a resource is recorded, or another one of its type has its name."""
        return id_ in self.ids.get(type_, ()) or name in self.names.get(type_, ())


def recorded(
    deployment: Mapping[str, Any], stack: str, backend: str, found: Iterable[tuple[str, str]] | None = None
) -> Recorded:
    """What a state records.

    Args:
        deployment: the state's resources.
        stack: the stack's name.
        backend: where the state is, without credentials.
        found: type and id of what an interrupted run began and the next one puts right; None where it does not.
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


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {type_: frozenset(values) for type_, values in sets.items()}
