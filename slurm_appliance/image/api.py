"""What image builds ask OpenStack's REST APIs by: one call, and what is made of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from slurm_appliance.cloud.listing import paged


@dataclass(frozen=True)
class Answer:
    """What a service answered: the decoded body, and the time that it had then."""

    body: Any
    time: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


Result = TypeVar("Result")


class Api(Protocol):
    """The one call that everything else is made of."""

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
            retry: send it again after a passing failure; False for what must not happen twice.

        Raises:
            CloudApiError: no success after all retries.
        """

    def patiently(self, action: Callable[[], Result]) -> Result:
        """Run an action again and again, with back-off and a limit, while it fails in a way that passes."""

    def sleeping(self, sleep: Callable[[float], None]) -> "Api":
        """The same with another way to wait between retries; it may raise to end them."""

    @property
    def project(self) -> str:
        """Id of the project that requests are made in."""


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
    """Create something that has a name of its own, so that a lost answer does not leave two of it.

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
