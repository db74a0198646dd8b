"""Text that the cloud has a format for; malformed values from it are rejected before anything uses them."""

import ipaddress
import re
from collections.abc import Callable

from slurm_appliance.errors import ApplianceError

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class CloudTextError(ApplianceError, ValueError):
    """Raised when the cloud returns a malformed value."""


def is_id(reference: str) -> bool:
    """Whether a reference to a resource is an ID, not a name."""
    return _ID.fullmatch(reference.lower()) is not None


def checked_id(text: str, what: str) -> str:
    """Check an OpenStack ID: a UUID in OpenStack's format.

    Raises:
        CloudTextError: it is malformed.
    """
    if not _ID.fullmatch(text):
        raise _error(text, what, "OpenStack ID")
    return text


def checked_address(text: str, what: str) -> str:
    """Check an IP address; rejects zones, which could contain anything.

    Raises:
        CloudTextError: it is malformed.
    """
    return _parsed(text, what, "IP address", ipaddress.ip_address)


def checked_subnet(text: str, what: str) -> str:
    """Check an IP range.

    Raises:
        CloudTextError: it is malformed.
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
    # Use repr(), so that no control characters reach a terminal.
    return CloudTextError(
        f"the cloud returned {text[:100]!a}, which is not a valid {kind}",
        where=what,
        remedy="inspect it with the openstack command; the cloud's operators have to fix it",
    )
