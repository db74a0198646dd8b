"""The life of a server, as an API client and somebody who is logged in to it see it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.compute import cgroups, nspawn
from tests.engine.cloud_fixtures import wait_until
from tests.engine.node_fixtures import Login, Made, address, status_of


def test_a_server_boots_its_image_with_systemd(one: Any, login: Login) -> None:
    assert login.wait(address(one), "cat /proc/1/comm; hostname; id -un") == "systemd\nshared-one\nroot"
    assert login.wait(address(one), "systemctl --failed --no-legend --plain") == ""
    assert login.wait(address(one), "systemctl is-system-running") == "running"


def test_its_clock_starts_at_its_boot(one: Any, login: Login) -> None:
    host = float(Path("/proc/uptime").read_text().split()[0])
    guest = float(login.wait(address(one), "cut -d' ' -f1 /proc/uptime"))
    started = login.wait(address(one), 'date -d "$(uptime -s)" +%s')
    assert guest < host
    assert abs(time.time() - guest - float(started)) < 5


def soft(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    user.compute.reboot_server(server, "SOFT")


def hard(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    user.compute.reboot_server(server, "HARD")


def by_itself(user: Connection, login: Login, server: Any) -> None:  # noqa: ARG001 - they are called alike
    login.run(address(server), "systemctl reboot")


@pytest.mark.parametrize("reboot", [soft, hard, by_itself])
def test_a_reboot_keeps_the_disk(
    user: Connection, one: Any, login: Login, reboot: Callable[[Connection, Login, Any], None]
) -> None:
    login.wait(address(one), f"echo {reboot.__name__} >/etc/kept; sync")
    before = login.wait(address(one), "cat /proc/1/stat | cut -d' ' -f22; cat /etc/machine-id")
    asked = time.monotonic()
    reboot(user, login, one)
    login.wait_for_boot(address(one), asked)
    user.compute.wait_for_server(one, wait=60, interval=0.2)
    assert login.wait(address(one), "cat /etc/kept") == reboot.__name__
    assert login.wait(address(one), "cat /etc/machine-id") == before.splitlines()[1]


def test_stop_and_start(user: Connection, one: Any, login: Login) -> None:
    login.wait(address(one), "echo here >/etc/kept; sync")
    user.compute.stop_server(one)
    stopped: Any = user.compute.wait_for_server(one, status="SHUTOFF", wait=60, interval=0.2)
    assert stopped.power_state == 4
    assert login.run(address(one), "true").returncode == 255
    user.compute.start_server(one)
    user.compute.wait_for_server(one, wait=60, interval=0.2)
    assert login.wait(address(one), "cat /etc/kept") == "here"


def test_a_server_that_powers_itself_off_is_noticed(user: Connection, one: Any, login: Login) -> None:
    login.run(address(one), "systemctl poweroff")
    user.compute.wait_for_server(one, status="SHUTOFF", wait=30, interval=0.2)
    user.compute.start_server(one)
    user.compute.wait_for_server(one, wait=60, interval=0.2)
    login.wait(address(one))


def test_pause_and_unpause(user: Connection, one: Any, login: Login) -> None:
    user.compute.pause_server(one)
    user.compute.wait_for_server(one, status="PAUSED", wait=30, interval=0.2)
    assert login.run(address(one), "true").returncode == 255
    user.compute.unpause_server(one)
    user.compute.wait_for_server(one, wait=30, interval=0.2)
    login.wait(address(one))


def test_the_console_shows_the_boot(user: Connection, one: Any) -> None:
    output = wait_until(
        "the end of the boot on the console",
        lambda: [text for text in [console(user, one)] if "Reached target" in text],
    )[0]
    assert "SSH HOST KEY FINGERPRINTS" in output
    assert len(console(user, one, length=3).splitlines()) <= 4


def console(user: Connection, server: Any, length: int | None = None) -> str:
    answer: Any = user.compute.get_server_console_output(server, length=length)
    return str(answer["output"])


def test_rebuild_keeps_ports_and_addresses_and_nothing_of_the_disk(user: Connection, one: Any, login: Login) -> None:
    login.wait(address(one), "echo old >/etc/kept; mkdir /opt/kept; rm -r /usr/share/doc/bash; sync")
    ports = sorted(port.id for port in user.network.ports(device_id=one.id))
    asked = time.monotonic()
    user.compute.rebuild_server(one, image=one.image.id)
    login.wait_for_boot(address(one), asked)
    rebuilt: Any = user.compute.wait_for_server(one, wait=60, interval=0.2)
    assert login.wait(address(one), "ls -d /etc/kept /opt/kept 2>/dev/null; ls -d /usr/share/doc/bash") == (
        "/usr/share/doc/bash"
    )
    assert sorted(port.id for port in user.network.ports(device_id=one.id)) == ports
    assert rebuilt.addresses == one.addresses
    login.settled(address(one))
    assert login.wait(address(one), "hostname") == "shared-one"


def test_a_server_has_the_memory_of_its_flavor_and_a_resize_gives_it_more(
    user: Connection, two: Any, login: Login
) -> None:
    hungry = "python3 -c 'x = bytearray(700 << 20); print(len(x) >> 20)'"
    assert login.run(address(two), hungry).returncode == 137  # killed: 512 MiB are all that there is
    for flavor, allowed in (("slurm.medium", True), ("slurm.small", False)):
        wanted: Any = user.compute.find_flavor(flavor, ignore_missing=False)
        user.compute.resize_server(two, wanted.id)
        user.compute.wait_for_server(two, status="VERIFY_RESIZE", wait=90, interval=0.2)
        user.compute.confirm_server_resize(two)
        user.compute.wait_for_server(two, wait=60, interval=0.2)
        login.wait(address(two))
        assert (login.run(address(two), hungry).stdout.strip() == "700") is allowed


def test_a_server_has_the_processors_of_its_flavor(two: Any) -> None:
    layout = cgroups.host_layout()
    if layout.kind != "split":
        pytest.skip("reads version 1 files; the values for others are held by the unit tests")
    mount = dict(layout.controllers)["cpu"]
    quota = (mount / cgroups.PARENT / nspawn.machine_name(two.id) / "cpu.cfs_quota_us").read_text()
    assert int(quota) == cgroups.PERIOD  # one processor's worth


def test_a_server_cannot_touch_the_host_s_disks(one: Any, login: Login) -> None:
    login.wait(
        address(one),
        "mknod /root/disk b $(sed 's/:/ /' /sys/class/block/$(ls /sys/class/block | grep -m1 -v loop)/dev)",
    )
    refused = login.run(address(one), "dd if=/root/disk of=/dev/null count=1")
    assert refused.returncode != 0
    assert "not permitted" in refused.stderr


def test_a_server_that_cannot_be_built_says_why(user: Connection, made: Made) -> None:
    image: Any = user.image.create_image(
        name="no-archive", disk_format="raw", container_format="bare", data=b"not a tar" * 1000
    )
    try:
        server = made.start("no-archive", image_id=image.id)
        wait_until("the server's failure", lambda: status_of(user, server) == "ERROR", 60)
        failed: Any = user.compute.get_server(server.id)
        assert "not an archive of a root filesystem" in failed.fault["message"]
        assert re.search("disk_format raw", failed.fault["message"])
    finally:
        user.image.delete_image(image.id)
