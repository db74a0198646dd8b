"""What happens to servers and volumes when the cloud stops, is killed, or is made to fail half-way."""

import time
from typing import Any

import pytest
from openstack.connection import Connection

from localcloud.compute import host
from localcloud.control import process
from localcloud.control.login import host_keys
from tests.engine.cloud.test_control_plane import run_cloud
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.engine.node_fixtures import Login, Made, address


def running(cloud: Cloud, service: str) -> process.Process:
    """The process of a service, which runs."""
    found = process.recorded(cloud.layout, service)
    assert found is not None
    assert found.alive
    return found


def test_an_operator_logs_in_by_the_keys_that_the_server_printed(
    cloud: Cloud, user: Connection, one: Any, login: Login
) -> None:
    login.wait(address(one))
    output: Any = user.compute.get_server_console_output(one)
    assert host_keys(output["output"])
    done = run_cloud(cloud, "ssh", one.name, "-i", str(login.key), "-o", "BatchMode=yes", "hostname")
    assert (done.returncode, done.stdout.strip()) == (0, one.name), done.stderr
    assert cloud.layout.known_hosts.read_text().startswith(one.id)


def test_a_server_that_does_not_exist_is_named(cloud: Cloud) -> None:
    done = run_cloud(cloud, "ssh", "nobody")
    assert done.returncode == 1
    assert "unknown server 'nobody'" in done.stderr


def test_nova_killed_during_a_rebuild_leaves_a_server_that_can_be_brought_back(
    cloud: Cloud, user: Connection, admin: Connection, made: Made, login: Login
) -> None:
    server = made.make("interrupted")
    login.settled(address(server))
    user.compute.rebuild_server(server, image=server.image.id)
    wait_until(
        "the rebuild to be under way",
        lambda: str(now(user, server).task_state or "").startswith("rebuild"),
        limit=30,
        interval=0.02,
    )
    assert process.stop([running(cloud, "nova")], grace=0) == []
    done = run_cloud(cloud, "up")
    assert done.returncode == 0, done.stderr
    if now(user, server).task_state is not None:
        # What Nova's own guide says for a server whose action was cut off.
        admin.compute.reset_server_state(server.id, "error")
    asked = time.monotonic()
    user.compute.rebuild_server(server, image=server.image.id)
    login.wait_for_boot(address(server), asked)
    assert wait_until("the server to be ACTIVE", lambda: now(user, server).status == "ACTIVE")


def now(user: Connection, server: Any) -> Any:
    """The server as it is now."""
    return user.compute.get_server(server.id)


def test_servers_run_on_while_the_control_plane_is_killed(
    cloud: Cloud, user: Connection, one: Any, login: Login
) -> None:
    before = login.wait(
        address(one), "cat /proc/sys/kernel/random/boot_id; systemctl show -P ActiveEnterTimestampMonotonic ssh"
    )
    services = [running(cloud, name) for name in ("nova", "neutron", "cinder", "mariadb")]
    assert process.stop(services, grace=0) == []
    assert login.wait(address(one), "hostname") == one.name
    assert run_cloud(cloud, "up").returncode == 0
    after = login.wait(
        address(one), "cat /proc/sys/kernel/random/boot_id; systemctl show -P ActiveEnterTimestampMonotonic ssh"
    )
    assert after == before
    assert now(user, one).status == "ACTIVE"


@pytest.mark.usefixtures("two")
def test_servers_images_and_volumes_survive_down_and_up(cloud: Cloud, user: Connection, one: Any, login: Login) -> None:
    volume: Any = user.block_storage.create_volume(size=1, name="survivor")
    try:
        user.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
        user.compute.create_volume_attachment(one, volume=volume.id)
        user.block_storage.wait_for_status(volume, "in-use", interval=0.2, wait=60)
        device = f"/dev/disk/by-id/virtio-{volume.id[:20]}"
        login.wait(
            address(one), f"mkfs.ext4 -q {device} && mount {device} /mnt && echo kept >/mnt/file && umount /mnt && sync"
        )
        login.wait(address(one), "echo kept >/var/tmp/kept; sync")
        images = {image.id for image in user.image.images()}

        done = run_cloud(cloud, "down")
        assert done.returncode == 0, done.stderr
        assert list(process.marked(cloud.layout.root)) == []
        assert host.leftovers(cloud.layout.service_state("host")) == []
        assert run_cloud(cloud, "status").returncode == 3
        asked = time.monotonic()
        done = run_cloud(cloud, "up")
        assert done.returncode == 0, done.stderr

        login.wait_for_boot(address(one), asked)
        assert login.wait(address(one), "cat /var/tmp/kept") == "kept"
        assert login.wait(address(one), f"mount {device} /mnt && cat /mnt/file && umount /mnt") == "kept"
        assert {image.id for image in user.image.images()} == images
    finally:
        for attachment in user.compute.volume_attachments(one):
            user.compute.delete_volume_attachment(one, attachment.volume_id)
        wait_until(
            "the volume to be free",
            lambda: user.block_storage.get_volume(volume.id).status in ("available", "error"),
        )
        user.block_storage.delete_volume(volume.id)
