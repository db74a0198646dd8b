"""Which hosts are reached without a proxy. Pure."""

import ipaddress
from collections.abc import Iterable


def bypasses(host: str, exceptions: Iterable[str]) -> bool:
    """Whether a host is among the exceptions: by its name, its domain, its address or its network."""
    return any(_fits(host.lower(), each.lower()) for each in exceptions)


def _fits(host: str, exception: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(exception)
    except ValueError:
        return host == exception.lstrip(".") or host.endswith(f".{exception.lstrip('.')}")
