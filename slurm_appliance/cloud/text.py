"""The form of what the cloud tells about servers: what does not have it is refused before anything uses it."""

import ipaddress
import re
from collections.abc import Callable

from slurm_appliance.errors import ApplianceError

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class CloudTextError(ApplianceError, ValueError):
    """Raised when the cloud says something that cannot be what it stands for."""


def checked_id(text: str, what: str) -> str:
    """An id of OpenStack's: a UUID, as it writes them.

    Raises:
        CloudTextError: it is none.
    """
    if not _ID.fullmatch(text):
        raise _error(text, what, "OpenStack ID")
    return text


def checked_address(text: str, what: str) -> str:
    """An IP address; without a zone, in which anything could stand.

    Raises:
        CloudTextError: it is none.
    """
    return _parsed(text, what, "IP address", ipaddress.ip_address)


def checked_subnet(text: str, what: str) -> str:
    """A range of IP addresses.

    Raises:
        CloudTextError: it is none.
    """
    return _parsed(text, what, "IP range", ipaddress.ip_network)


def _parsed(text: str, what: str, kind: str, parse: Callable[[str], object]) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise _error(text, what, kind) from error
    if "%" in text:
        raise _error(text, what, kind)
    return text


def _error(text: str, what: str, kind: str) -> CloudTextError:
    # Its repr(): nothing in it reaches a terminal as it is.
    return CloudTextError(
        f"the cloud returned {text[:100]!a}, which is not a valid {kind}",
        where=what,
        remedy="inspect it with the openstack command; the cloud's operators have to fix it",
    )
