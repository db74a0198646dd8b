"""Differences between apt and rpm repositories in Pulp: API paths and request bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mirror.config import DebUpstream, Repository
from mirror.keys import armored


@dataclass(frozen=True)
class RepositoryKind:
    """Pulp's API paths for one kind of repository, and how to mirror it.

    Attributes:
        remotes, repositories, publications, distributions: paths below the API's root.
        mirroring: the body of a sync that copies the upstream's metadata byte for byte, so that the upstream's
            signatures are valid for a snapshot.
        publishes_itself: whether such a sync also creates the publication.
    """

    remotes: str
    repositories: str
    publications: str
    distributions: str
    mirroring: Mapping[str, Any]
    publishes_itself: bool


DEB = RepositoryKind(
    remotes="remotes/deb/apt/",
    repositories="repositories/deb/apt/",
    publications="publications/deb/verbatim/",
    distributions="distributions/deb/apt/",
    mirroring={"mirror": True, "optimize": True},
    publishes_itself=False,
)
RPM = RepositoryKind(
    remotes="remotes/rpm/rpm/",
    repositories="repositories/rpm/rpm/",
    publications="publications/rpm/rpm/",
    distributions="distributions/rpm/rpm/",
    mirroring={"sync_policy": "mirror_complete", "optimize": True},
    publishes_itself=True,
)
KINDS = (DEB, RPM)


def kind_of(repository: Repository) -> RepositoryKind:
    """The kind of a listed repository."""
    return DEB if isinstance(repository.upstream, DebUpstream) else RPM


#: Timeouts in seconds: Pulp's default of 300 is too short for a large file; a silent server fails early.
_TIMEOUTS = {
    "total_timeout": 7200.0,
    "connect_timeout": 60.0,
    "sock_connect_timeout": 30.0,
    "sock_read_timeout": 60.0,
}


def remote(repository: Repository) -> dict[str, Any]:
    """The complete definition of a remote: how Pulp reaches the upstream, with credentials."""
    upstream = repository.upstream
    body: dict[str, Any] = {
        "name": repository.name,
        "url": upstream.url,
        "policy": upstream.policy,
        "ca_cert": upstream.ca_file.read_text().strip() if upstream.ca_file else None,
        "proxy_url": upstream.proxy,
        **_TIMEOUTS,
        "username": upstream.username,
        "password": upstream.password_file.read_text().strip() if upstream.password_file else None,
    }
    if isinstance(upstream, DebUpstream):
        body |= {
            "distributions": " ".join(upstream.suites),
            "components": " ".join(upstream.components) or None,
            "architectures": " ".join(upstream.architectures) or None,
            "sync_sources": upstream.sources,
            "gpgkey": armored(upstream.gpg_key) if upstream.gpg_key else None,
        }
    return body


#: Write-only fields of a remote.
HIDDEN = frozenset({"username", "password"})


def difference(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """The changes to a remote: fields that differ, and write-only fields if they are or were set."""
    was_set = {field["name"] for field in there.get("hidden_fields", ()) if field["is_set"]}
    return {
        name: value
        for name, value in wanted.items()
        if (name in HIDDEN and (value is not None or name in was_set)) or (name not in HIDDEN and there[name] != value)
    }
