"""Reads lists from OpenStack's APIs as they are: plain JSON, page by page.

The SDK's objects cost ten times what their JSON does, which shows with a thousand servers.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

#: Most services give out so many entries at once at most.
PAGE_SIZE = 1000


class Response(Protocol):
    """What is used of an HTTP response."""

    def json(self) -> Any:
        """Its body."""


class CloudService(Protocol):
    """One service of a cloud: an adapter that knows the endpoint and the token."""

    def get(self, url: str, *, raise_exc: bool) -> Response:
        """Ask for a path below the service's endpoint; the SDK's services raise errors only when told to."""


def document(service: CloudService, path: str) -> Any:
    """The JSON document at a path below a service's endpoint; keystoneauth's exceptions for errors."""
    return service.get(path, raise_exc=True).json()


class Writable(CloudService, Protocol):
    """A service that is also asked to do something."""

    def post(self, url: str, *, json: Any, raise_exc: bool) -> Response:
        """Send a document to a path below the service's endpoint."""


def post(service: Writable, path: str, body: Any) -> Any:
    """The answer to a document that is sent to a path; keystoneauth's exceptions for errors."""
    return service.post(path, json=body, raise_exc=True).json()


def entries(service: CloudService, path: str, key: str, **query: str | list[str]) -> Iterator[Mapping[str, Any]]:
    """All entries of a list, whatever number of pages it has.

    Args:
        service: whose list it is.
        path: ``/servers/detail``.
        key: where the entries are in the answer: ``servers``.
        query: what to filter by; a list stands for any of its values.
    """
    return paged(lambda asked: document(service, f"{path}?{urlencode(asked, doseq=True)}"), key, query)


def paged(ask: Callable[[Mapping[str, Any]], Any], key: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All entries of a list, whoever asks for its pages.

    Args:
        ask: the answer to a query of the list.
        key: where the entries are in the answer: ``servers``.
        query: what to filter by.
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
    """Whether the service says that there is another page: Glance in one way, all others in another."""
    links = answer.get(f"{key}_links", [])
    return "next" in answer or any(link.get("rel") == "next" for link in links)
