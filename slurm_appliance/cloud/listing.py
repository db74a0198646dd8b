"""Reads lists from OpenStack's APIs as plain JSON, page by page.

The SDK's objects cost ten times as much as their JSON, which matters with a thousand servers.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

#: Most services return at most this many entries per page.
PAGE_SIZE = 1000


class Response(Protocol):
    """The used part of an HTTP response."""

    def json(self) -> Any:
        """Its body."""


class CloudService(Protocol):
    """One service of a cloud: an adapter that knows the endpoint and the token."""

    def get(self, url: str, *, raise_exc: bool) -> Response:
        """Get a path below the service's endpoint; the SDK's services raise errors only on request."""


def document(service: CloudService, path: str) -> Any:
    """The JSON document at a path below a service's endpoint; keystoneauth's exceptions for errors."""
    return service.get(path, raise_exc=True).json()


class Writable(CloudService, Protocol):
    """A service that also accepts POST requests."""

    def post(self, url: str, *, json: Any, raise_exc: bool) -> Response:
        """Send a document to a path below the service's endpoint."""


def post(service: Writable, path: str, body: Any) -> Any:
    """The answer to a document that is sent to a path; keystoneauth's exceptions for errors."""
    return service.post(path, json=body, raise_exc=True).json()


def entries(service: CloudService, path: str, key: str, **query: str | list[str]) -> Iterator[Mapping[str, Any]]:
    """All entries of a list, from all pages.

    Args:
        service: the service of the list.
        path: ``/servers/detail``.
        key: the key of the entries in the response: ``servers``.
        query: filters; a list matches any of its values.
    """
    return paged(lambda asked: document(service, f"{path}?{urlencode(asked, doseq=True)}"), key, query)


def entries_by_offset(service: CloudService, path: str, key: str) -> Iterator[Mapping[str, Any]]:
    """All entries of a list of Manila, whose pages begin at a number.

    Args:
        service: the service of the list.
        path: ``/shares/detail``.
        key: the key of the entries in the response: ``shares``.
    """
    seen = 0
    while page := document(service, f"{path}?{urlencode({'limit': PAGE_SIZE, 'offset': seen})}")[key]:
        yield from page
        seen += len(page)


def paged(ask: Callable[[Mapping[str, Any]], Any], key: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All entries of a list, with a function that gets pages.

    Args:
        ask: returns the response to a query of the list.
        key: the key of the entries in the response: ``servers``.
        query: filters.
    """
    given = {"limit": str(PAGE_SIZE), **query}
    while True:
        answer = ask(given)
        page = answer[key]
        yield from page
        if not page or not _more(answer, key):
            return
        given = {**given, "marker": str(page[-1]["id"])}


def _more(answer: Mapping[str, Any], key: str) -> bool:
    """Whether the response has a next page; Glance reports it differently from all others."""
    links = answer.get(f"{key}_links", [])
    return "next" in answer or any(link.get("rel") == "next" for link in links)
