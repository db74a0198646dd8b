"""Images made of servers, and servers made of those."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openstack.connection import Connection

from tests.engine.cloud_fixtures import wait_until
from tests.engine.node_fixtures import Login, Made, address


@contextmanager
def image_of(user: Connection, server: Any, name: str) -> Iterator[Any]:
    """An image of a server that is active."""
    image: Any = user.compute.create_server_image(server, name)
    try:
        wait_until(f"image {name}", lambda: user.image.get_image(image.id).status == "active", 120)
        yield user.image.get_image(image.id)
    finally:
        user.image.delete_image(image.id)


def test_an_image_of_a_running_server_boots_as_another_server(
    user: Connection, made: Made, one: Any, two: Any, login: Login
) -> None:
    special = "setcap cap_net_raw+ep /usr/bin/less; ln -f /etc/kept /etc/linked"
    login.wait(
        address(one), f"echo mine >/etc/kept; chown 12345:54321 /etc/kept; {special}; rm -rf /usr/share/doc/curl; sync"
    )
    with image_of(user, one, "of-one") as image:
        assert (image.disk_format, image.container_format) == ("raw", "bare")
        server = made.make("of-one", image_id=image.id)
        ip = address(server)
        login.settled(ip)
        assert login.wait(ip, "hostname; cat /etc/kept; stat -c '%u:%g %h' /etc/kept") == "of-one\nmine\n12345:54321 2"
        assert "cap_net_raw" in login.wait(ip, "getcap /usr/bin/less")
        assert login.run(ip, "ls -d /usr/share/doc/curl").returncode == 2
        identities = {login.wait(address(each), "cat /etc/machine-id") for each in (server, one, two)}
        assert len(identities) == 3
        keys = {
            login.wait(address(each), "cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2") for each in (server, one)
        }
        assert len(keys) == 2
        # What the host gave the first server at run time is not in the image.
        assert login.wait(ip, "ip -o -4 address show dev eth0 | grep -c inet") == "1"

        # The same server with the other image, and back.
        user.compute.rebuild_server(server, image=one.image.id)
        wait_until("the base image", lambda: login.run(ip, "ls /etc/kept").returncode == 2, 60)
        user.compute.wait_for_server(server, wait=60, interval=0.2)
        user.compute.rebuild_server(server, image=image.id)
        wait_until("the image of the other server", lambda: login.run(ip, "cat /etc/kept").stdout == "mine\n", 60)
        user.compute.wait_for_server(server, wait=60, interval=0.2)
        made.remove()


def test_an_image_of_a_server_that_is_off(user: Connection, two: Any, login: Login) -> None:
    login.wait(address(two), "echo off >/etc/kept; sync")
    user.compute.stop_server(two)
    user.compute.wait_for_server(two, status="SHUTOFF", wait=60, interval=0.2)
    try:
        with image_of(user, two, "of-two") as image:
            assert image.size > 1 << 20
    finally:
        user.compute.start_server(two)
        user.compute.wait_for_server(two, wait=60, interval=0.2)
        login.wait(address(two))
