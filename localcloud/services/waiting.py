"""Waits for other services from inside a service."""

import time
import urllib.error
import urllib.request

from localcloud.endpoints import Endpoint

#: Timeout for the others to respond, in seconds: enough for a cold start on a busy machine.
LIMIT = 180.0


def wait_until_answering(*endpoints: Endpoint, limit: float = LIMIT) -> None:
    """Return when every root URL responds, with any status.

    Raises:
        TimeoutError: one of them does not respond; the message names it.
    """
    end = time.monotonic() + limit
    for endpoint in endpoints:
        while not _answers(endpoint):
            if time.monotonic() > end:
                raise TimeoutError(f"{endpoint.name} did not respond at {endpoint.root} within {limit:.0f} s")
            time.sleep(0.2)


def _answers(endpoint: Endpoint) -> bool:
    try:
        with urllib.request.urlopen(endpoint.root + "/", timeout=10):  # noqa: S310 - our own http URL
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
