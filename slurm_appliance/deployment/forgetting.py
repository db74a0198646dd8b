"""Removes resources from a state; pure."""

from collections.abc import Callable, Mapping
from typing import Any


def without(deployment: Mapping[str, Any], leaves: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """A state without some resources and their dependents.

    Also removes references to them: the engine rejects a state with dangling references.
    """
    staying: list[dict[str, Any]] = []
    leaving: set[str] = set()
    for resource in deployment.get("resources") or []:
        if leaves(resource) or resource.get("deletedWith") in leaving:
            leaving.add(resource["urn"])
        else:
            staying.append(dict(resource))
    # There may be another one with the same URN that is still to be deleted.
    gone = leaving - {resource["urn"] for resource in staying}
    for resource in staying:
        if resource.get("dependencies"):
            resource["dependencies"] = [urn for urn in resource["dependencies"] if urn not in gone]
        needed = resource.get("propertyDependencies")
        if needed:
            resource["propertyDependencies"] = {
                name: [urn for urn in urns or [] if urn not in gone] for name, urns in needed.items()
            }
    return {**deployment, "resources": staying} if "resources" in deployment else dict(deployment)
