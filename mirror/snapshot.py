"""Snapshots: what one is, when a new one is due, and which are old. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: How a snapshot is named unless the operator names it: a moment in UTC, so that names sort by time.
NAME_FORMAT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Served:
    """One repository in a snapshot.

    Attributes:
        repository: its name.
        path: where it is served, below the content URL.
        publication: what is served, as Pulp refers to it.
        distribution: the resource that serves it.
    """

    repository: str
    path: str
    publication: str
    distribution: str


@dataclass(frozen=True)
class Snapshot:
    """Repositories as they were at one time, served at paths that end with the snapshot's name.

    Attributes:
        name: of the snapshot.
        created: when it was published, as Pulp writes it.
        served: its repositories.
        intended: names of the repositories that it was to have; a kill while publishing may have left some out.
    """

    name: str
    created: str
    served: tuple[Served, ...]
    intended: frozenset[str]

    @property
    def complete(self) -> bool:
        """Whether all its repositories are there."""
        return {one.repository for one in self.served} >= self.intended

    @property
    def publications(self) -> dict[str, str]:
        """What it serves, by repository."""
        return {one.repository: one.publication for one in self.served}


@dataclass(frozen=True)
class PublishPlan:
    """What a publish does.

    Attributes:
        name: the snapshot that there is at its end.
        create: whether it is made now.
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
        snapshots: those that there are, the newest last.
        now: the present moment.
        wanted: the name that the operator wants; a snapshot of this name is used as it is, whatever it holds.
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
    """Names of the snapshots to remove: all but the newest ones and those that are pinned, and every incomplete one.

    Args:
        snapshots: those that there are, the newest last.
        keep: how many of the newest complete ones stay, at least 1.
        pinned: names that stay whatever their age.
    """
    if keep < 1:
        raise ValueError("at least one snapshot must be kept")
    complete = [one.name for one in snapshots if one.complete]
    staying = {*complete[-keep:], *pinned}
    return tuple(one.name for one in snapshots if one.name not in staying)
