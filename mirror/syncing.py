"""Bring the mirror's repositories up to what their upstreams have now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mirror.config import Repository
from mirror.kinds import difference, kind_of, remote
from mirror.pulp import Pulp, Resource

#: Puts our mark on what we make in Pulp.
LABEL = "slurm-appliance"


@dataclass(frozen=True)
class Synced:
    """The outcome for one repository.

    Attributes:
        name: the repository.
        version: the number of its version in Pulp.
        changed: whether the upstream had something new.
        packages: how many packages the version has.
    """

    name: str
    version: int
    changed: bool
    packages: int


def sync(pulp: Pulp, repositories: Sequence[Repository], limit: float) -> list[Synced]:
    """Sync all repositories, as many at the same time as there are workers.

    Where the upstream has nothing new, no version is made. A sync that was interrupted is simply done again.

    Args:
        pulp: the client.
        repositories: from the list.
        limit: seconds for all of them.

    Raises:
        TaskError: one or more could not be synced; the others were.
    """
    before: dict[str, Resource] = {}
    tasks: dict[str, str] = {}
    for repository in repositories:
        before[repository.name] = there = _ensure_repository(pulp, repository)
        # First of all: such a task would hold on to the remote as well.
        pulp.cancel_going(there["prn"], repository.name)
        source = _ensure_remote(pulp, repository)
        tasks[_start(pulp, there, source, repository)] = repository.name
    pulp.wait_all(tasks, limit)
    return [_outcome(pulp, before[repository.name]) for repository in repositories]


def publish_again(pulp: Pulp, repository: Repository, limit: float) -> None:
    """Sync once more, with nothing left out: that also makes a publication where a sync did not get so far."""
    there = _ensure_repository(pulp, repository)
    source = _ensure_remote(pulp, repository)
    task = _start(pulp, there, source, repository, {"optimize": False})
    pulp.wait(task, repository.name, limit)


def _start(
    pulp: Pulp, there: Resource, source: Resource, repository: Repository, more: Mapping[str, bool] | None = None
) -> str:
    body = {"remote": source["pulp_href"], **kind_of(repository).mirroring, **(more or {})}
    return pulp.start(f"{there['pulp_href']}sync/", body)


def _ensure_remote(pulp: Pulp, repository: Repository) -> Resource:
    path, wanted = kind_of(repository).remotes, remote(repository)
    there = pulp.find(path, repository.name)
    if there is None:
        return pulp.create(path, {**wanted, "pulp_labels": {LABEL: repository.name}}, repository.name)
    if changes := difference(wanted, there):
        pulp.change(there["pulp_href"], changes, repository.name)
    return there


def _ensure_repository(pulp: Pulp, repository: Repository) -> Resource:
    path = kind_of(repository).repositories
    there = pulp.find(path, repository.name)
    if there is not None:
        return there
    # Versions that a snapshot serves are kept; of the others only the newest is of use.
    body = {"name": repository.name, "retain_repo_versions": 1, "pulp_labels": {LABEL: repository.name}}
    return pulp.create(path, body, repository.name)


def _outcome(pulp: Pulp, before: Resource) -> Synced:
    now = pulp.get(before["pulp_href"])["latest_version_href"]
    version = pulp.get(now)
    present = version["content_summary"]["present"]
    packages = sum(present.get(kind, {"count": 0})["count"] for kind in ("deb.package", "rpm.package"))
    return Synced(before["name"], version["number"], now != before["latest_version_href"], packages)
