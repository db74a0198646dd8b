"""What differs between apt and rpm repositories in Pulp: paths of the API, and bodies of requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mirror.config import DebUpstream, Repository
from mirror.keys import armored


@dataclass(frozen=True)
class RepositoryKind:
    """Where Pulp keeps the resources of one kind of repositories, and how it mirrors one.

    Attributes:
        remotes, repositories, publications, distributions: paths below the API's root.
        mirroring: the body of a sync that takes over the upstream's metadata byte for byte, so that the upstream's
            signatures hold for a snapshot.
        publishes_itself: whether such a sync makes the publication too.
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
    """The kind of a repository of the list."""
    return DEB if isinstance(repository.upstream, DebUpstream) else RPM


#: Seconds: a file may take long, Pulp's own 300 are too few for a large one; a server may not be silent for long.
_TIMEOUTS = {
    "total_timeout": 7200.0,
    "connect_timeout": 60.0,
    "sock_connect_timeout": 30.0,
    "sock_read_timeout": 60.0,
}


def remote(repository: Repository) -> dict[str, Any]:
    """How Pulp is to reach the upstream: the whole of a remote, credentials included."""
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


#: Parts of a remote that Pulp takes and never shows.
HIDDEN = frozenset({"username", "password"})


def difference(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in a remote: what differs, and hidden parts whenever there are any or were."""
    was_set = {field["name"] for field in there.get("hidden_fields", ()) if field["is_set"]}
    return {
        name: value
        for name, value in wanted.items()
        if (name in HIDDEN and (value is not None or name in was_set)) or (name not in HIDDEN and there[name] != value)
    }
