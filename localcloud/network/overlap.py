"""Detects networks that would be unreachable because the machine already routes their addresses elsewhere."""

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.network import link, names


def routes() -> list[dict[str, Any]]:
    """The machine's routes, as ``ip -json route`` gives them."""
    found: list[dict[str, Any]] = json.loads(link.ip("-json", "route", "show"))
    return found


def overlapping(cidr: str, existing: Iterable[Mapping[str, Any]]) -> str:
    """The existing route, as text, that overlaps with a subnet; empty if there is none.

    Args:
        cidr: the subnet's addresses: ``10.0.0.0/24``; IPv6 is not routed, so it never overlaps.
        existing: see `routes`. The default route and those of the cloud's own bridges do not count.
    """
    wanted = ipaddress.ip_network(cidr, strict=False)
    for route in existing:
        destination, device = str(route["dst"]), str(route.get("dev", ""))
        if destination == "default" or device.startswith(names.BRIDGE_PREFIX):
            continue
        taken = ipaddress.ip_network(destination, strict=False)
        if wanted.version == taken.version and wanted.overlaps(taken):
            return f"{destination} on {device}" if device else destination
    return ""
