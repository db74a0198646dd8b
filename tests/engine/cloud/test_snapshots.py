"""Images made of servers, and servers made of those."""

from typing import Any

from openstack.connection import Connection

from tests.engine.node_fixtures import Login, Made, address, image_of


def test_an_image_of_a_running_server_boots_as_another_server(
    image_of_one: Any, made: Made, one: Any, two: Any, login: Login
) -> None:
    assert (image_of_one.disk_format, image_of_one.container_format) == ("raw", "bare")
    server = made.make("of-one", image_id=image_of_one.id)
    ip = address(server)
    login.settled(ip)
    assert login.wait(ip, "hostname; cat /etc/marker; stat -c '%u:%g %h' /etc/marker") == "of-one\nmine\n12345:54321 2"
    assert "cap_net_raw" in login.wait(ip, "getcap /usr/bin/less")
    assert login.run(ip, "ls -d /usr/share/doc/curl").returncode == 2
    for own in ("cat /etc/machine-id", "cat /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2"):
        assert len({login.wait(address(each), own) for each in (server, one, two)}) == 3
    # What the host gave the first server at run time is not in the image.
    assert login.wait(ip, "ip -o -4 address show dev eth0 | grep -c inet") == "1"


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
