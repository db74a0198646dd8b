"""Snapshots: their structure, when to create a new one, and which to remove. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: The default name of a snapshot: a UTC time, so that names sort by time.
NAME_FORMAT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Served:
    """One repository in a snapshot.

    Attributes:
        repository: its name.
        path: its path below the content URL.
        publication: the served publication, as Pulp's reference.
        distribution: the resource that serves it.
    """

    repository: str
    path: str
    publication: str
    distribution: str


@dataclass(frozen=True)
class Snapshot:
    """Repositories at one point in time, served at paths that end with the snapshot's name.

    Attributes:
        name: of the snapshot.
        created: when it was published, in Pulp's format.
        served: its repositories.
        intended: names of the repositories that it should have; a kill while publishing may have omitted some.
    """

    name: str
    created: str
    served: tuple[Served, ...]
    intended: frozenset[str]

    @property
    def complete(self) -> bool:
        """Whether it has all its repositories."""
        return {one.repository for one in self.served} >= self.intended

    @property
    def publications(self) -> dict[str, str]:
        """Its publications, by repository."""
        return {one.repository: one.publication for one in self.served}


@dataclass(frozen=True)
class PublishPlan:
    """The plan of a publish.

    Attributes:
        name: the resulting snapshot.
        create: whether to create it.
        reason: why, or why not.
        remove: incomplete snapshots that an interrupted publish left.
    """

    name: str
    create: bool
    reason: str
    remove: tuple[str, ...] = ()


def plan_publish(
    current: Mapping[str, str], snapshots: Sequence[Snapshot], now: datetime, wanted: str = ""
) -> PublishPlan:
    """Decide on a publish.

    Args:
        current: each repository's newest publication.
        snapshots: the existing ones, the newest last.
        now: the current time.
        wanted: the operator's name; an existing snapshot with this name is used unchanged.
    """
    incomplete = tuple(one.name for one in snapshots if not one.complete)
    complete = [one for one in snapshots if one.complete]
    names = {one.name for one in complete}
    if wanted in names:
        return PublishPlan(wanted, create=False, reason="a snapshot with this name exists", remove=incomplete)
    newest = complete[-1] if complete else None
    if newest is None:
        reason = "the first snapshot"
    elif changed := sorted(
        name for name, publication in current.items() if newest.publications.get(name) != publication
    ):
        reason = f"changed since {newest.name}: {', '.join(changed)}"
    elif gone := sorted(set(newest.publications) - set(current)):
        reason = f"no longer in the list: {', '.join(gone)}"
    elif wanted:
        reason = f"same packages as {newest.name}, with the requested name"
    else:
        return PublishPlan(
            newest.name, create=False, reason=f"nothing has changed since {newest.name}", remove=incomplete
        )
    return PublishPlan(wanted or _unused(now, names | set(incomplete)), create=True, reason=reason, remove=incomplete)


def _unused(now: datetime, taken: Collection[str]) -> str:
    while (name := now.astimezone(UTC).strftime(NAME_FORMAT)) in taken:
        now += timedelta(seconds=1)
    return name


def plan_prune(snapshots: Sequence[Snapshot], keep: int, pinned: Collection[str] = ()) -> tuple[str, ...]:
    """Names of the snapshots to remove: all except the newest and the pinned ones, and all incomplete ones.

    Args:
        snapshots: the existing ones, the newest last.
        keep: how many of the newest complete ones to keep, at least 1.
        pinned: names to keep regardless of age.
    """
    if keep < 1:
        raise ValueError("at least one snapshot must be kept")
    complete = [one.name for one in snapshots if one.complete]
    staying = {*complete[-keep:], *pinned}
    return tuple(one.name for one in snapshots if one.name not in staying)
