"""Which of a machine's routes are in the way of a network of the local cloud."""

from typing import Any

import pytest

from localcloud.network.overlap import overlapping

DEFAULT = {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}
OURS = {"dst": "10.20.0.0/24", "dev": "lcbf68d3557-3c"}
BRIDGE = {"dst": "10.77.0.0/24", "dev": "br0"}
HOST = {"dst": "10.30.0.7", "dev": "eth0"}
BLACK_HOLE = {"type": "blackhole", "dst": "10.40.0.0/16"}


@pytest.mark.parametrize(
    ("cidr", "routes", "found"),
    [
        ("10.77.0.0/24", [DEFAULT], ""),
        ("10.77.0.0/24", [DEFAULT, BRIDGE], "10.77.0.0/24 on br0"),
        ("10.77.0.128/25", [BRIDGE], "10.77.0.0/24 on br0"),
        ("10.0.0.0/8", [BRIDGE], "10.77.0.0/24 on br0"),
        ("10.78.0.0/24", [BRIDGE], ""),
        ("10.20.0.0/24", [OURS], ""),
        ("10.30.0.0/24", [HOST], "10.30.0.7 on eth0"),
        ("10.40.1.0/24", [BLACK_HOLE], "10.40.0.0/16"),
        ("fd00:1::/64", [DEFAULT, BRIDGE], ""),
    ],
)
def test_routes_in_the_way(cidr: str, routes: list[dict[str, Any]], found: str) -> None:
    assert overlapping(cidr, routes) == found
