"""OpenStack's REST APIs with openstacksdk: retries, back-off and errors that have the request.

Separate from :mod:`slurm_appliance.image.api`, because a program that builds no image does not need openstacksdk, which
takes a fifth of a second to import.
"""

import email.utils
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import openstack
import tenacity
from keystoneauth1 import exceptions as keystone_exceptions

from slurm_appliance.image.api import Answer, Result
from slurm_appliance.image.errors import CloudApiError

#: Statuses to retry.
RETRIED = frozenset({429, 500, 502, 503, 504})
_JSON_PATCH = "application/openstack-images-v2.1-json-patch"


class OpenStackApi:
    """Requests with openstacksdk.

    Args:
        connection: from :func:`connect`.
        sleep: waits between retries; may raise to stop them.
        limit: timeout of a failing request, in seconds.
    """

    def __init__(
        self,
        connection: openstack.connection.Connection,
        *,
        sleep: Callable[[float], None] = time.sleep,
        limit: float = 60.0,
    ) -> None:
        self._connection = connection
        self._sleep = sleep
        self._limit = limit

    @property
    def project(self) -> str:
        """ID of the project."""
        return str(self._connection.current_project_id)

    def sleeping(self, sleep: Callable[[float], None]) -> "OpenStackApi":
        """The same API with another function to wait between retries."""
        return OpenStackApi(self._connection, sleep=sleep, limit=self._limit)

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
        """Send a request and return the answer; see :meth:`Api.call`."""
        target = f"{path}?{urlencode(query)}" if query else path
        if not retry:
            return self._once(service, method, target, json, version)
        return self.patiently(lambda: self._once(service, method, target, json, version))

    def patiently(self, action: Callable[[], Result]) -> Result:
        """Retry an action while it fails temporarily; see :meth:`Api.patiently`."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_a_retry),
            wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=10),
            stop=tenacity.stop_after_delay(self._limit),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(action)

    def _once(self, service: str, method: str, target: str, json: Any, version: str | None) -> Answer:
        where = f"{method} {service} {target}"
        headers = {"Content-Type": _JSON_PATCH} if method == "PATCH" and service == "image" else {}
        try:
            response = getattr(self._connection, service).request(
                target, method, json=json, headers=headers, microversion=version, raise_exc=False
            )
        except (openstack.exceptions.SDKException, keystone_exceptions.ClientException) as error:
            raise CloudApiError(str(error), where=where) from error
        if response.status_code >= 400:
            raise CloudApiError(
                f"{response.status_code} {_words(response)}",
                where=where,
                status=response.status_code,
                request_id=response.headers.get("x-openstack-request-id", ""),
            )
        return Answer(response.json() if response.content else None, _time(response.headers), response.headers)


def _worth_a_retry(error: BaseException) -> bool:
    return isinstance(error, CloudApiError) and (error.status in RETRIED or error.status == 0)


def _words(response: Any) -> str:
    """The message of an error answer; each service has its own format."""
    try:
        body = response.json()
    except ValueError:
        return str(response.text[:300] or response.reason)
    for value in body.values() if isinstance(body, dict) else ():
        if isinstance(value, dict) and "message" in value:
            return str(value["message"])
        if isinstance(value, str):
            return value
    return str(response.reason)


def _time(headers: Mapping[str, str]) -> datetime:
    """The service's own time, so that the clocks of build machines do not matter."""
    text = headers.get("Date", "")
    return email.utils.parsedate_to_datetime(text) if text else datetime.now(UTC)
