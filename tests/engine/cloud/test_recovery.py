"""The compute service killed at the worst moment: servers go on, and what it was doing can be repaired by API calls."""

import time
from functools import partial
from typing import Any

from openstack.connection import Connection

from localcloud.control import lifecycle, process
from localcloud.host.steps import Steps
from tests.engine.cloud_fixtures import Cloud, say, wait_until
from tests.engine.node_fixtures import Login, Made, address, status_of


def boot_of(login: Login, server: Any) -> str:
    """What tells one boot of a server from another: its PID namespace."""
    return login.wait(address(server), "readlink /proc/1/ns/pid")


def lost_its_file(login: Login, server: Any) -> bool:
    return login.run(address(server), "cat /etc/kept").returncode != 0


def at_rest(user: Connection, server: Any) -> bool:
    """Whether nothing is being done to a server; ACTIVE if the rebuild was over before it could be cut off."""
    return status_of(user, server) in ("ERROR", "ACTIVE")


def test_rebuilds_that_are_cut_off_are_repaired_by_ordinary_calls(
    user: Connection, admin: Connection, cloud: Cloud, made: Made, one: Any, two: Any, login: Login
) -> None:
    """Four servers: two are being rebuilt, two are not and never notice."""
    broken = [made.ready(server) for server in [made.start(name) for name in ("cut-off-one", "cut-off-two")]]
    for server in broken:
        login.wait(address(server), "echo old >/etc/kept; sync")
    others = [boot_of(login, server) for server in (one, two)]
    for server in broken:
        user.compute.rebuild_server(server, image=server.image.id)
    for server in broken:
        wait_until("the rebuild to have begun", partial(lost_its_file, login, server), 30, 0.01)
    nova = process.recorded(cloud.layout, "nova")
    assert nova is not None
    assert process.stop([nova], grace=0) == []

    lifecycle.up(cloud.layout, Steps(say))
    assert [boot_of(login, server) for server in (one, two)] == others
    for server in broken:
        wait_until("the end of the rebuild", partial(at_rest, user, server))
    asked = time.monotonic()
    user.compute.rebuild_server(broken[0], image=broken[0].image.id)
    admin.compute.reset_server_state(broken[1], "active")
    user.compute.reboot_server(broken[1], "HARD")
    for server in broken:
        login.wait_for_boot(address(server), asked)
        user.compute.wait_for_server(server, wait=60, interval=0.2)
        assert login.wait(address(server), "hostname; cat /etc/kept 2>/dev/null || true") == server.name
