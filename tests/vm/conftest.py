"""The cloud of virtual machines, and servers on it: the same fixtures as on a cloud of containers."""

from collections.abc import Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from tests.engine.cloud_fixtures import admin, cloud, faults, network, user
from tests.engine.node_fixtures import Login, Made, address, login, made, open_group
from tests.lifecycle.image_fixtures import build_site

__all__ = ["admin", "build_site", "cloud", "faults", "login", "made", "network", "open_group", "user"]


@pytest.fixture(scope="session")
def machine(user: Connection, network: Any, open_group: str, login: Login) -> Iterator[Any]:
    """One server that tests share: every test leaves it running, reachable by ssh. A boot takes a minute or two."""
    maker = Made(user, network, open_group)
    try:
        server = maker.make("machine", config_drive=True)
        login.settled(address(server))
        yield server
    finally:
        maker.remove()
