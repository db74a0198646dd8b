"""Applies a journal to a state. Pure: the rules of version 1 of Pulumi's journal, on plain JSON, with one addition.

An update has two lists of resources: the **old** ones from the state, identified by their index, and the **new** ones
that the update has processed, identified by their operation. The result is the new ones, followed by the old ones that
were not processed: this keeps each resource after its dependencies.

The addition: a command whose update failed stays pending, like one that was interrupted. It may have done a part of its
work, and the state has what it was run with before: if that is wanted again, the engine would not run it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from slurm_appliance.journal.errors import JournalError

Json = dict[str, Any]

VERSION = 1
#: The type of commands.
COMMAND_TYPE = "command:local:Command"


class EntryKind(IntEnum):
    """Kinds of entries."""

    BEGIN = 0
    SUCCESS = 1
    FAILURE = 2
    REFRESH_SUCCESS = 3
    OUTPUTS = 4
    WRITE = 5
    SECRETS_MANAGER = 6
    REBUILT_BASE_STATE = 7


#: Attributes of a resource that older engines must not ignore, by the feature that declares them.
_FEATURES = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
}


class Replay:
    """Applies a journal's entries in order, and returns the resulting state.

    Args:
        deployment: the state's resources at the start of the update; not modified.
    """

    def __init__(self, deployment: Mapping[str, Any]) -> None:
        self._base: Json = dict(deployment)
        self._failed: list[Json] = []
        self._start()

    def _start(self) -> None:
        self._new: list[Json | None] = []
        self._place: dict[int, int] = {}
        self._removed: set[int] = set()
        self._changed: dict[int, Json] = {}
        self._marked: dict[int, Json] = {}
        self._open: dict[int, Json] = {}
        self._refreshed = False

    def add(self, entry: Mapping[str, Any]) -> None:
        """Apply the next entry.

        Raises:
            JournalError: it has an unknown version or kind, or an invalid reference.
        """
        if entry["version"] != VERSION:
            raise JournalError(f"the journal has version {entry['version']}, not {VERSION}")
        try:
            kind = EntryKind(entry["kind"])
        except ValueError as error:
            raise JournalError(f"the journal has an entry of unknown kind {entry['kind']}") from error
        operation = int(entry["operationID"])
        match kind:
            case EntryKind.BEGIN:
                self._open[operation] = dict(entry)
            case EntryKind.FAILURE:
                self._fail(self._open.pop(operation, {}).get("operation"))
            case EntryKind.SUCCESS:
                self._open.pop(operation, None)
                self._succeed(operation, entry)
            case EntryKind.REFRESH_SUCCESS:
                self._open.pop(operation, None)
                self._refreshed = True
                self._replace(entry, missing_is_gone=True)
            case EntryKind.OUTPUTS:
                self._replace(entry, missing_is_gone=False)
            case EntryKind.WRITE:
                self._base = dict(entry["newSnapshot"])
            case EntryKind.SECRETS_MANAGER:
                self._base["secrets_providers"] = entry["secretsProvider"]
            case EntryKind.REBUILT_BASE_STATE:
                self._base = self.deployment()
                self._start()

    def _fail(self, begun: Mapping[str, Any] | None) -> None:
        if begun and begun["type"] == "updating" and begun["resource"]["type"] == COMMAND_TYPE:
            self._failed.append(dict(begun))

    def _succeed(self, operation: int, entry: Mapping[str, Any]) -> None:
        if entry.get("state") is not None:
            self._place[operation] = len(self._new)
            self._new.append(dict(entry["state"]))
        if entry.get("removeOld") is not None:
            self._removed.add(entry["removeOld"])
        if entry.get("removeNew") is not None:
            self._new[self._at(entry["removeNew"])] = None
        for word, mark in (("delete", "delete"), ("pendingReplacement", "pendingReplacement")):
            if entry.get(f"{word}Old") is not None:
                self._marked.setdefault(entry[f"{word}Old"], {})[mark] = True
            if entry.get(f"{word}New") is not None:
                resource = self._new[self._at(entry[f"{word}New"])]
                if resource is not None:
                    resource[mark] = True
        self._refreshed = self._refreshed or bool(entry.get("isRefresh"))

    def _replace(self, entry: Mapping[str, Any], *, missing_is_gone: bool) -> None:
        state, old, new = entry.get("state"), entry.get("removeOld"), entry.get("removeNew")
        if state is None and not missing_is_gone:
            return
        if old is not None:
            if state is None:
                self._removed.add(old)
            else:
                self._changed[old] = dict(state)
        if new is not None:
            self._new[self._at(new)] = None if state is None else dict(state)

    def _at(self, operation: int) -> int:
        if operation not in self._place:
            raise JournalError(f"the journal references operation {operation}, which created no resource")
        return self._place[operation]

    def deployment(self, engine: str = "") -> Json:
        """The state's resources after all entries so far.

        Args:
            engine: the version to record; by default the state's.
        """
        resources = [resource for resource in self._new if resource is not None]
        for index, old in enumerate(self._base.get("resources") or []):
            if index not in self._removed:
                resources.append(self._changed.get(index, old) | self._marked.get(index, {}))
        if self._refreshed:
            resources = _with_known_references(resources)
        # An old pending create may have created a resource that no state has: only a repair may remove it.
        pending = [entry["operation"] for entry in self._open.values() if entry.get("operation")]
        pending += self._failed
        pending += [each for each in self._base.get("pending_operations") or [] if each["type"] == "creating"]
        version = engine or self._base.get("manifest", {}).get("version", "")
        manifest = dict(self._base.get("manifest", {})) | {"version": version, "magic": _magic(version)}
        rest = {key: value for key, value in self._base.items() if key not in ("resources", "pending_operations")}
        return {
            **rest,
            "manifest": manifest,
            "resources": _with_current_urns(resources),
            **({"pending_operations": pending} if pending else {}),
        }


def replayed(state: Json, entries: Iterable[Mapping[str, Any]], engine: str = "") -> Json:
    """A complete state in the file backend's format, after applying a journal."""
    checkpoint = state["checkpoint"]
    replay = Replay(checkpoint.get("latest") or {})
    for entry in entries:
        try:
            replay.add(entry)
        except (KeyError, TypeError, IndexError) as error:
            # Valid JSON, but not from the engine: report which entry it is.
            what = f"entry {entry.get('sequenceID')} of the journal is invalid: {error!r}"
            raise JournalError(
                what, remedy="use the slurm-appliance release that matches the engine that wrote it"
            ) from error
    latest = replay.deployment(engine)
    return {**formatted(latest), "checkpoint": {**checkpoint, "latest": latest}}


def formatted(deployment: Mapping[str, Any]) -> Json:
    """The required format version of a state, and the features that its readers must support."""
    resources = deployment.get("resources") or []
    features = sorted({_FEATURES[key] for each in resources for key in _FEATURES if each.get(key)})
    return {"version": 4, "features": features} if features else {"version": 3}


def _magic(version: str) -> str:
    """The engine's checksum of its manifest."""
    return hashlib.sha256(version.encode()).hexdigest() if version else ""


def _with_known_references(resources: list[Json]) -> list[Json]:
    """Remove references to resources that a refresh found missing; replace missing parents by their parents."""
    known: set[str] = set()
    parents: dict[str, str] = {}
    found = []
    for resource in resources:
        fixed = dict(resource)
        if fixed.get("parent", "") not in known and fixed.get("parent"):
            fixed["parent"] = parents.get(fixed["parent"], "")
        for key in ("dependencies", "replaceWith"):
            if fixed.get(key):
                fixed[key] = [urn for urn in fixed[key] if urn in known]
        if fixed.get("propertyDependencies"):
            fixed["propertyDependencies"] = {
                name: [urn for urn in urns or [] if urn in known]
                for name, urns in fixed["propertyDependencies"].items()
            }
        if fixed.get("deletedWith") and fixed["deletedWith"] not in known:
            del fixed["deletedWith"]
        known.add(fixed["urn"])
        parents[fixed["urn"]] = fixed.get("parent", "")
        found.append({key: value for key, value in fixed.items() if key != "parent" or value})
    return found


def _with_current_urns(resources: list[Json]) -> list[Json]:
    """Replace references to a resource's former URN by its current one."""
    renamed = {alias: each["urn"] for each in resources for alias in each.get("aliases") or []}
    if not renamed:
        return resources

    def now(urn: str) -> str:
        return str(renamed.get(urn, urn))

    found = []
    for resource in resources:
        fixed = dict(resource)
        for key in ("parent", "deletedWith"):
            if fixed.get(key):
                fixed[key] = now(fixed[key])
        if fixed.get("provider"):
            urn, separator, id_ = fixed["provider"].rpartition("::")
            fixed["provider"] = f"{now(urn)}{separator}{id_}"
        for key in ("dependencies", "replaceWith"):
            if fixed.get(key):
                fixed[key] = [now(urn) for urn in fixed[key]]
        if fixed.get("propertyDependencies"):
            fixed["propertyDependencies"] = {
                name: [now(urn) for urn in urns or []] for name, urns in fixed["propertyDependencies"].items()
            }
        found.append(fixed)
    return found
