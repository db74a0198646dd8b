"""Creates, lists and removes snapshots in Pulp.

A snapshot is one Pulp distribution per repository, at ``PATH/SNAPSHOT``. All its data are in Pulp: names in the
distributions' labels, content in their publications. A distribution never changes after its creation.
"""

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from mirror.config import Repository, RpmUpstream
from mirror.errors import MirrorError, MirrorNotFoundError, TaskError
from mirror.keys import signature_fault
from mirror.kinds import KINDS, RPM, RepositoryKind, kind_of
from mirror.options import CONTENT_PATH, Options
from mirror.pulp import Pulp, Resource
from mirror.snapshot import PublishPlan, Served, Snapshot, plan_publish
from mirror.syncing import LABEL, publish_again, sync

#: Labels of a distribution: its repository, the snapshot's name, and the names of all repositories of the snapshot.
_SNAPSHOT = f"{LABEL}-snapshot"
_INTENDED = f"{LABEL}-repositories"

#: Metadata is checked below this path before a snapshot of it is created.
_CHECKING = f"{LABEL}-checking"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def snapshots(pulp: Pulp) -> list[Snapshot]:
    """All snapshots, including incomplete ones, the newest last."""
    found: dict[str, list[Resource]] = {}
    for kind in KINDS:
        for distribution in pulp.list(kind.distributions, pulp_label_select=_SNAPSHOT):
            found.setdefault(distribution["pulp_labels"][_SNAPSHOT], []).append(distribution)
    made = [_snapshot(name, distributions) for name, distributions in found.items()]
    return sorted(made, key=lambda one: one.created)


def _snapshot(name: str, distributions: Sequence[Resource]) -> Snapshot:
    served = [
        Served(one["pulp_labels"][LABEL], one["base_path"], one["publication"] or "", one["pulp_href"])
        for one in distributions
    ]
    return Snapshot(
        name,
        created=min(one["pulp_created"] for one in distributions),
        served=tuple(sorted(served, key=lambda one: one.repository)),
        intended=frozenset(distributions[0]["pulp_labels"][_INTENDED].split()),
    )


def publish(
    pulp: Pulp, options: Options, repositories: Sequence[Repository], limit: float, wanted: str = ""
) -> tuple[PublishPlan, Snapshot]:
    """Publish the last sync as a snapshot; if nothing has changed, return the newest snapshot.

    Args:
        pulp: the client.
        options: the mirror's options.
        repositories: from the list.
        limit: timeout of each step in Pulp, in seconds.
        wanted: a name for the snapshot instead of a time stamp.

    Raises:
        MirrorError: a repository was never synced, or its metadata has no valid signature.
    """
    if wanted and not _NAME.fullmatch(wanted):
        raise MirrorNotFoundError("a snapshot's name must consist of letters, digits and ._-", where=wanted)
    _remove_distributions(
        pulp, [one for kind in KINDS for one in pulp.list(kind.distributions, name__startswith=_CHECKING)]
    )
    current = {one.name: _publication(pulp, one, limit) for one in repositories}
    there = snapshots(pulp)
    plan = plan_publish(current, there, datetime.now(UTC), wanted)
    remove(pulp, [one for one in there if one.name in plan.remove])
    if plan.create:
        for one in repositories:
            _check_signature(pulp, options, one, current[one.name])
        for one in repositories:
            _distribute(pulp, one, current[one.name], plan.name, current)
    [made] = [one for one in snapshots(pulp) if one.name == plan.name]
    return plan, made


def sync_and_publish(
    pulp: Pulp, options: Options, repositories: Sequence[Repository], limit: float, wanted: str = ""
) -> tuple[PublishPlan, Snapshot]:
    """Sync, then publish; skip the sync if the wanted snapshot exists. Same arguments as `publish`."""
    if not any(one.name == wanted and one.complete for one in snapshots(pulp)):
        sync(pulp, repositories, limit)
    return publish(pulp, options, repositories, limit, wanted)


def _publication(pulp: Pulp, repository: Repository, limit: float) -> str:
    """The publication of a repository's newest version, created if missing."""
    kind = kind_of(repository)
    there = pulp.find(kind.repositories, repository.name)
    if there is None or there["latest_version_href"].endswith("/versions/0/"):
        raise TaskError(
            "has never been synced", where=repository.name, remedy="run 'slurm-appliance mirror sync' first"
        )
    version = there["latest_version_href"]
    found = _newest_publication(pulp, kind, version)
    if found is None and kind.publishes_itself:
        # An interrupted sync left a version without a publication.
        publish_again(pulp, repository, limit)
        found = _newest_publication(pulp, kind, version)
    if found is None:
        found = pulp.create(kind.publications, {"repository_version": version}, repository.name)
    href: str = found["pulp_href"]
    return href


def _newest_publication(pulp: Pulp, kind: RepositoryKind, version: str) -> Resource | None:
    found = pulp.list(kind.publications, repository_version=version)
    return max(found, key=lambda one: str(one["pulp_created"]), default=None)


def _distribute(
    pulp: Pulp, repository: Repository, publication: str, snapshot: str, together: Mapping[str, str]
) -> None:
    labels = {LABEL: repository.name, _SNAPSHOT: snapshot, _INTENDED: " ".join(sorted(together))}
    body = {
        "name": f"{repository.name}/{snapshot}",
        "base_path": f"{repository.path}/{snapshot}",
        "publication": publication,
        "pulp_labels": labels,
    }
    pulp.create(kind_of(repository).distributions, body, f"{repository.name} {snapshot}")


def _check_signature(pulp: Pulp, options: Options, repository: Repository, publication: str) -> None:
    """Check the signature of an rpm repository's metadata; Pulp itself does that for apt repositories.

    Raises:
        MirrorError: it is not signed by the repository's key.
    """
    upstream = repository.upstream
    if not isinstance(upstream, RpmUpstream) or not upstream.repo_gpgcheck or upstream.gpg_key is None:
        return
    path = f"{_CHECKING}/{repository.name}"
    body = {"name": path, "base_path": path, "publication": publication}
    distribution = pulp.create(RPM.distributions, body, repository.name)
    try:
        signed = _fetch(options, f"{path}/repodata/repomd.xml")
        signature = _fetch(options, f"{path}/repodata/repomd.xml.asc")
    except urllib.error.HTTPError as error:
        raise MirrorError("its metadata has no signature", where=repository.name, evidence=str(error.url)) from error
    finally:
        pulp.delete(distribution["pulp_href"], repository.name)
    if fault := signature_fault(upstream.gpg_key, signature, signed):
        said = f"its metadata is not signed by {upstream.gpg_key}"
        raise MirrorError(
            said, where=repository.name, evidence=fault, remedy="do not use this upstream until the cause is known"
        )


def _fetch(options: Options, path: str) -> bytes:
    """A file from our own content server."""
    scheme = "http"
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if options.tls_certificate:
        # Its name may not be the address, but it must be exactly this certificate.
        context = ssl.create_default_context(cafile=options.tls_certificate)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = False
        scheme = "https"
        handlers.append(urllib.request.HTTPSHandler(context=context))
    opener = urllib.request.build_opener(*handlers)
    with opener.open(f"{scheme}://{options.bind()}{CONTENT_PATH}{path}", timeout=60) as answer:
        content: bytes = answer.read()
        return content


def select(there: Collection[Snapshot], names: Collection[str]) -> list[Snapshot]:
    """The snapshots with these names.

    Raises:
        NotFoundError: one of them does not exist.
    """
    unknown = sorted(set(names) - {one.name for one in there})
    if unknown:
        known = ", ".join(one.name for one in there) or "none"
        raise MirrorNotFoundError("unknown snapshot", where=", ".join(unknown), remedy=f"the snapshots are: {known}")
    return [one for one in there if one.name in names]


def remove(pulp: Pulp, unwanted: Collection[Snapshot]) -> None:
    """Remove snapshots and the packages that no other snapshot needs."""
    if not unwanted:
        return
    _cancel_leftovers(pulp)
    for one in unwanted:
        for served in one.served:
            pulp.delete(served.distribution, f"{served.repository} {one.name}")
    _remove_unserved(pulp, {served.publication for one in unwanted for served in one.served if served.publication})
    # Packages downloaded by another client's running task belong to no version yet.
    going = [task["pulp_href"] for task in pulp.list("tasks/", state__in="running,waiting")]
    pulp.wait_all(dict.fromkeys(going, "a task that was running"), limit=3600.0)
    task = pulp.start("orphans/cleanup/", {"orphan_protection_time": 0})
    pulp.wait(task, "delete packages that no snapshot needs", limit=3600.0)


def _cancel_leftovers(pulp: Pulp) -> None:
    """Cancel tasks that an interrupted command left in our repositories: they would block us."""
    for kind in KINDS:
        for there in pulp.list(kind.repositories, pulp_label_select=LABEL):
            pulp.cancel_going(there["prn"], there["name"])


def _remove_unserved(pulp: Pulp, publications: Collection[str]) -> None:
    """Delete publications and their versions that no snapshot serves and that are not a repository's newest."""
    serving = {served.publication for one in snapshots(pulp) for served in one.served}
    kept = {pulp.get(href)["repository_version"] for href in serving if href}
    for href in sorted(set(publications) - serving):
        version = pulp.get(href)["repository_version"]
        repository = pulp.get(version.partition("versions/")[0])
        if version not in kept and version != repository["latest_version_href"]:
            pulp.delete(version, repository["name"])


def _remove_distributions(pulp: Pulp, distributions: Collection[Resource]) -> None:
    for one in distributions:
        pulp.delete(one["pulp_href"], one["name"])
