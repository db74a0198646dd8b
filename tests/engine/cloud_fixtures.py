"""The local cloud for tests: one for the whole session, started at its first use, with a state folder of its own.

Whatever an earlier session left behind when it was killed is removed first. To keep a cloud between sessions while
working on tests, start one and name its state folder in ``SLURM_APPLIANCE_TEST_CLOUD``: it is used as it is and left
running. ``SLURM_APPLIANCE_TEST_SYSTEM=debian-12`` has all tests use another base image than the cloud's default, and
``SLURM_APPLIANCE_TEST_SERVERS=vm`` virtual machines instead of containers.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection
from openstack.exceptions import ResourceNotFound

from localcloud.control import lifecycle, resources
from localcloud.control.credentials import CLOUD
from localcloud.endpoints import MIRROR_URL
from localcloud.faults.store import FaultStore
from localcloud.host.layout import STATE_VARIABLE, CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from localcloud.image import systems
from tests.engine.machine import Machine
from toolchain.paths import state_folder

#: Names the state folder of a cloud that is to be used and left running.
KEEP_VARIABLE = "SLURM_APPLIANCE_TEST_CLOUD"
#: Names the system that servers are of.
SYSTEM_VARIABLE = "SLURM_APPLIANCE_TEST_SYSTEM"
#: Says what servers are.
SERVERS_VARIABLE = "SLURM_APPLIANCE_TEST_SERVERS"

SERVERS = ServerKind(os.environ.get(SERVERS_VARIABLE) or ServerKind.CONTAINER)
#: How much longer than for a container everything may take in a server.
PATIENCE = float(SERVERS.patience)

#: The system that servers are of, and the name of its base image.
SYSTEM = systems.system(os.environ.get(SYSTEM_VARIABLE) or systems.DEFAULT.name)
IMAGE = SYSTEM.name


@dataclass(frozen=True)
class Cloud:
    """A running cloud.

    Attributes:
        layout: its files.
    """

    layout: CloudLayout

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make OpenStack clients, Pulumi's provider among them, use it as its ordinary user."""
        return {
            "OS_CLIENT_CONFIG_FILE": str(self.layout.clouds_yaml),
            "OS_CLOUD": CLOUD,
            STATE_VARIABLE: str(self.layout.root),
        }

    @property
    def package_proxy(self) -> str:
        """The URL of the package mirror."""
        return MIRROR_URL

    def connect(self, *, admin: bool = False) -> Connection:
        """A connection as the ordinary user or as the administrator; the caller closes it."""
        return resources.connect(self.layout, admin=admin)


def say(line: str) -> None:
    """Show progress in pytest's captured output."""
    print(line, flush=True)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The cloud, up."""
    if os.geteuid() != 0:
        pytest.skip("the local cloud needs root")
    kept = os.environ.get(KEEP_VARIABLE, "")
    layout = CloudLayout(Path(kept).resolve() if kept else state_folder("cloud-of-tests"))
    if kept:
        _up(layout)
        yield Cloud(layout)
        return
    lifecycle.reset(layout, Steps(say))
    before = Machine.look(layout.root)
    try:
        _up(layout)
        yield Cloud(layout)
    finally:
        lifecycle.reset(layout, Steps(say))
    assert Machine.look(layout.root).left_since(before) == {}, "the cloud left something on the machine"
    assert not layout.root.exists()


def _up(layout: CloudLayout) -> None:
    lifecycle.up(layout, Steps(say), servers=SERVERS)
    if SYSTEM != systems.DEFAULT:
        lifecycle.add_image(layout, SYSTEM, Steps(say))


@pytest.fixture(scope="session")
def user(cloud: Cloud) -> Iterator[Connection]:
    """A connection as the ordinary user."""
    with cloud.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def admin(cloud: Cloud) -> Iterator[Connection]:
    """A connection as the administrator."""
    with cloud.connect(admin=True) as connection:
        yield connection


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[FaultStore]:
    """The cloud's fault switches, all off before and after."""
    store = FaultStore(cloud.layout.faults)
    store.clear()
    yield store
    store.clear()


def wait_until(what: str, condition: Callable[[], Any], limit: float = 120.0, interval: float = 0.2) -> Any:
    """Return what a condition gives as soon as it is true.

    Raises:
        TimeoutError: it was not within `limit` seconds; the message has `what` was waited for.
    """
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit:.0f} s for {what}")
        time.sleep(interval)


@pytest.fixture(scope="session")
def network(user: Connection) -> Iterator[Any]:
    """A network with a subnet, for servers that need no other."""
    made: Any = user.network.create_network(name=f"test-{uuid.uuid4().hex[:8]}")
    user.network.create_subnet(network_id=made.id, name=made.name, ip_version=4, cidr="10.77.0.0/24")
    yield made
    user.network.delete_network(made)


@contextmanager
def temporary_server(user: Connection, network: Any, **options: Any) -> Iterator[Any]:
    """A server that is ACTIVE, and gone again afterwards.

    Args:
        user: whose it is.
        network: what it is connected to.
        options: more arguments for ``create_server``.
    """
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    flavor: Any = user.compute.find_flavor("slurm.small", ignore_missing=False)
    arguments = {"name": f"test-{uuid.uuid4().hex[:8]}", "image_id": image.id, "flavor_id": flavor.id, **options}
    server: Any = user.compute.create_server(**{"networks": [{"uuid": network.id}], **arguments})
    try:
        yield user.compute.wait_for_server(server, wait=120, interval=0.2)
    finally:
        remove_server(user, server.id)


def remove_server(user: Connection, identity: str) -> None:
    """Delete a server and wait until it is gone."""
    try:
        user.compute.delete_server(identity, ignore_missing=True)
        user.compute.wait_for_delete(user.compute.get_server(identity), wait=60, interval=0.2)
    except ResourceNotFound:
        return
