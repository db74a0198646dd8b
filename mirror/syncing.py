"""Syncs the mirror's repositories from their upstreams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mirror.config import Repository
from mirror.kinds import difference, kind_of, remote
from mirror.pulp import Pulp, Resource

#: The label of our resources in Pulp.
LABEL = "slurm-appliance"


@dataclass(frozen=True)
class Synced:
    """The outcome for one repository.

    Attributes:
        name: the repository.
        version: the number of its version in Pulp.
        changed: whether the upstream had changes.
        packages: number of packages in the version.
    """

    name: str
    version: int
    changed: bool
    packages: int


def sync(pulp: Pulp, repositories: Sequence[Repository], limit: float) -> list[Synced]:
    """Sync all repositories, in parallel up to the number of workers.

    If the upstream has no changes, no version is created. An interrupted sync is simply repeated.

    Args:
        pulp: the client.
        repositories: from the list.
        limit: timeout for all of them, in seconds.

    Raises:
        TaskError: one or more could not be synced; the others were synced.
    """
    before: dict[str, Resource] = {}
    tasks: dict[str, str] = {}
    for repository in repositories:
        before[repository.name] = there = _ensure_repository(pulp, repository)
        # Do this first: such a task would also lock the remote.
        pulp.cancel_going(there["prn"], repository.name)
        source = _ensure_remote(pulp, repository)
        tasks[_start(pulp, there, source, repository)] = repository.name
    pulp.wait_all(tasks, limit)
    return [_outcome(pulp, before[repository.name]) for repository in repositories]


def publish_again(pulp: Pulp, repository: Repository, limit: float) -> None:
    """Sync again in full: this also creates a publication that an interrupted sync did not create."""
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
    # Versions that a snapshot serves are kept; of the others, only the newest is useful.
    body = {"name": repository.name, "retain_repo_versions": 1, "pulp_labels": {LABEL: repository.name}}
    return pulp.create(path, body, repository.name)


def _outcome(pulp: Pulp, before: Resource) -> Synced:
    now = pulp.get(before["pulp_href"])["latest_version_href"]
    version = pulp.get(now)
    present = version["content_summary"]["present"]
    packages = sum(present.get(kind, {"count": 0})["count"] for kind in ("deb.package", "rpm.package"))
    return Synced(before["name"], version["number"], now != before["latest_version_href"], packages)
