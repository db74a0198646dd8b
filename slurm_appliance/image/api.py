"""The interface to OpenStack's REST APIs for image builds: one call, and functions based on it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from slurm_appliance.cloud.listing import paged


@dataclass(frozen=True)
class Answer:
    """A service's response: the decoded body, and the service's time."""

    body: Any
    time: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


Result = TypeVar("Result")


class Api(Protocol):
    """The call that all other functions use."""

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        version: str | None = None,
        retry: bool = True,
    ) -> Answer:
        """Send a request and return the answer.

        Args:
            service: ``compute``, ``image``, ``network`` or ``block_storage``.
            method: HTTP method.
            path: below the service's endpoint.
            json: body.
            query: parameters of the URL.
            version: microversion.
            retry: retry after a temporary failure; False for what must not happen twice.

        Raises:
            CloudApiError: no success after all retries.
        """

    def patiently(self, action: Callable[[], Result]) -> Result:
        """Retry an action with back-off and a timeout while it fails temporarily."""

    def sleeping(self, sleep: Callable[[float], None]) -> "Api":
        """The same API with another function to wait between retries; it may raise to stop them."""

    @property
    def project(self) -> str:
        """ID of the project."""


def pages(api: Api, service: str, path: str, key: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
    """All items of a listing, page by page, with the API's retries.

    Args:
        api: the cloud.
        service: as in :meth:`Api.call`.
        path: of the listing.
        key: under which the answer has the items.
        query: filters.
    """
    return paged(lambda asked: api.call(service, "GET", path, query=asked).body, key, query or {})


def create_once(api: Api, find: Callable[[], Any], create: Callable[[], Any]) -> Any:
    """Create a resource with a unique name, so that a lost answer does not create two of them.

    Args:
        api: the cloud.
        find: returns what exists already, or None.
        create: sends the request, once.
    """
    asked = False

    def attempt() -> Any:
        nonlocal asked
        found = find() if asked else None
        asked = True
        return create() if found is None else found

    return api.patiently(attempt)
