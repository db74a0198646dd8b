"""Volumes in servers: found by their id at boot, hot-plugged, formatted, grown, copied, and kept over everything."""

import base64
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from openstack.connection import Connection

from tests.engine.cloud_fixtures import IMAGE, wait_until
from tests.engine.node_fixtures import Login, Made, address


class Volumes:
    """Makes volumes and snapshots, and removes them all in the end."""

    def __init__(self, user: Connection) -> None:
        self._user = user
        self._made: list[str] = []

    def make(self, size: int = 1, **options: Any) -> Any:
        """A volume that is available."""
        volume: Any = self._user.block_storage.create_volume(size=size, **options)
        self._made.append(volume.id)
        return self.wait(volume, "available")

    def wait(self, volume: Any, status: str) -> Any:
        """A volume that has come to a status."""
        return self._user.block_storage.wait_for_status(volume, status, interval=0.2, wait=60)

    def remove(self) -> None:
        """Remove them: the last ones first, which may have been made from those before."""
        for identity in reversed(self._made):
            self._release(identity)
            self._user.block_storage.delete_volume(identity, ignore_missing=True)
        for identity in self._made:
            wait_until(f"volume {identity} to be gone", partial(self._is_gone, identity))

    def _release(self, identity: str) -> None:
        """Take a volume that a failed test left in a server away, whatever is mounted."""
        volume: Any = self._user.block_storage.get_volume(identity)
        for attachment in volume.attachments:
            server = attachment["server_id"]
            shut_off(self._user, self._user.compute.get_server(server))
            self._user.compute.delete_volume_attachment(server, identity)
            self.wait(volume, "available")
            self._user.compute.start_server(server)
            self._user.compute.wait_for_server(self._user.compute.get_server(server), wait=60, interval=0.2)

    def _is_gone(self, identity: str) -> bool:
        return self._user.block_storage.find_volume(identity) is None


@pytest.fixture
def volumes(user: Connection, made: Made) -> Iterator[Volumes]:
    volumes = Volumes(user)
    yield volumes
    made.remove()
    volumes.remove()


def by_id(volume: Any) -> str:
    return f"/dev/disk/by-id/virtio-{volume.id[:20]}"


def state_volume(volume: Any) -> str:
    """User data as clusters use it: a file system on the volume unless it has one, mounted."""
    return base64.b64encode(
        f"""#cloud-config
fs_setup: [{{label: state, filesystem: ext4, device: {by_id(volume)}, partition: auto}}]
mounts: [[LABEL=state, /var/lib/state]]
""".encode()
    ).decode()


def test_a_volume_at_boot_is_formatted_once_and_kept_over_everything(
    user: Connection, made: Made, volumes: Volumes, login: Login
) -> None:
    volume = volumes.make()
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    disks = [
        {"boot_index": 0, "uuid": image.id, "source_type": "image", "destination_type": "local"},
        {"boot_index": -1, "uuid": volume.id, "source_type": "volume", "destination_type": "volume"},
    ]
    server = made.make("stateful", block_device_mapping=disks, user_data=state_volume(volume))
    login.settled(address(server))
    assert login.wait(address(server), f"readlink -f {by_id(volume)}") == "/dev/vdb"
    assert mounted(login, server).startswith("LABEL=state ext4")
    login.wait(address(server), "echo precious >/var/lib/state/data; sync")

    asked = time.monotonic()
    user.compute.rebuild_server(server, image=image.id)
    login.wait_for_boot(address(server), asked)
    user.compute.wait_for_server(server, wait=60, interval=0.2)
    login.settled(address(server))
    assert login.wait(address(server), "cat /var/lib/state/data") == "precious"

    # A later boot mounts it before local-fs.target, without cloud-init.
    for again in (hard, off_and_on):
        asked = time.monotonic()
        again(user, server)
        login.wait_for_boot(address(server), asked)
        user.compute.wait_for_server(server, wait=60, interval=0.2)
        assert login.wait(address(server), "cat /var/lib/state/data") == "precious"
    assert login.wait(address(server), "systemctl is-active fstab-devices") == "active"


def hard(user: Connection, server: Any) -> None:
    user.compute.reboot_server(server, "HARD")


def shut_off(user: Connection, server: Any) -> None:
    user.compute.stop_server(server)
    user.compute.wait_for_server(server, status="SHUTOFF", wait=60, interval=0.2)


def off_and_on(user: Connection, server: Any) -> None:
    shut_off(user, server)
    user.compute.start_server(server)


def mounted(login: Login, server: Any) -> str:
    return login.wait(
        address(server),
        "findmnt -no TARGET /var/lib/state >/dev/null && grep state /etc/fstab | "
        "sed 's/auto.*//' | tr -s '\\t ' ' ' | cut -d' ' -f1 | tr '\\n' ' '; findmnt -no FSTYPE /var/lib/state",
    )


def attach(user: Connection, volumes: Volumes, server: Any, volume: Any) -> None:
    user.compute.create_volume_attachment(server, volume_id=volume.id)
    volumes.wait(volume, "in-use")


def detach(user: Connection, volumes: Volumes, server: Any, volume: Any) -> None:
    user.compute.delete_volume_attachment(server, volume.id)
    volumes.wait(volume, "available")


def test_a_volume_comes_to_a_running_server_grows_and_goes(
    user: Connection, one: Any, two: Any, volumes: Volumes, login: Login
) -> None:
    volume = volumes.make()
    attach(user, volumes, one, volume)
    login.wait(address(one), f"mkfs.ext4 -q {by_id(volume)} && mount /dev/vdb /mnt && echo here >/mnt/data && sync")

    # It cannot be taken away from under a file system.
    user.compute.delete_volume_attachment(one, volume.id)
    wait_until("the refusal", lambda: user.block_storage.get_volume(volume.id).status == "in-use", 30)
    assert login.wait(address(one), "cat /mnt/data") == "here"

    user.block_storage.extend_volume(volume, 2)
    wait_until(
        "the disk to have grown",
        lambda: login.run(address(one), "blockdev --getsize64 /dev/vdb").stdout.strip() == str(2 << 30),
        30,
    )
    login.wait(address(one), "umount /mnt; e2fsck -fp /dev/vdb >/dev/null && resize2fs /dev/vdb 2>/dev/null")
    volumes.wait(volume, "in-use")
    detach(user, volumes, one, volume)
    assert login.run(address(one), f"ls /dev/vdb {by_id(volume)}").returncode == 2

    # What was written is there for the next server.
    attach(user, volumes, two, volume)
    assert login.wait(address(two), "mount /dev/vdb /mnt && cat /mnt/data && umount /mnt") == "here"
    detach(user, volumes, two, volume)


def test_snapshots_and_copies_have_what_was_there_when_they_were_made(
    user: Connection, one: Any, volumes: Volumes, login: Login
) -> None:
    volume = volumes.make()
    attach(user, volumes, one, volume)
    login.wait(address(one), f"mkfs.ext4 -q {by_id(volume)} && mount /dev/vdb /mnt && echo before >/mnt/data && sync")
    snapshot: Any = user.block_storage.create_snapshot(volume_id=volume.id, is_forced=True)
    try:
        user.block_storage.wait_for_status(snapshot, "available", interval=0.2, wait=60)
        login.wait(address(one), "echo after >/mnt/data && umount /mnt")
        detach(user, volumes, one, volume)
        for source, found in (({"snapshot_id": snapshot.id}, "before"), ({"source_volume_id": volume.id}, "after")):
            copy = volumes.make(size=2, **source)
            attach(user, volumes, one, copy)
            assert login.wait(address(one), "mount /dev/vdb /mnt && cat /mnt/data && umount /mnt") == found
            detach(user, volumes, one, copy)
    finally:
        user.block_storage.delete_snapshot(snapshot)
        wait_until("the snapshot to be gone", lambda: user.block_storage.find_snapshot(snapshot.id) is None)


#: The size of the disk that a server's root is on.
SIZE = "lsblk -bnro SIZE $(findmnt -no SOURCE /) | awk '{print $1 / 2 ^ 30 \"G\"}'"


def test_a_server_boots_from_a_volume(user: Connection, made: Made, volumes: Volumes, login: Login) -> None:
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    volume = volumes.make(size=10, image_id=image.id)
    assert volume.is_bootable
    disk = {"boot_index": 0, "uuid": volume.id, "source_type": "volume", "destination_type": "volume"}
    server = made.make("of-a-volume", image_id=None, block_device_mapping=[disk])
    assert login.wait(address(server), f"hostname; findmnt -no FSTYPE /; {SIZE}") == ("of-a-volume\next4\n10G")
    login.wait(address(server), "echo mine >/etc/kept; sync")

    # An image of it is a snapshot of the volume; a server of that has a volume of its own.
    kept: Any = user.compute.create_server_image(server, "of-a-volume", wait=True, timeout=60)
    snapshots: Any = list(user.block_storage.snapshots(volume_id=volume.id))
    images = [kept.id]
    try:
        second = made.make("of-its-image", image_id=kept.id)
        assert login.wait(address(second), "cat /etc/kept; hostname") == "mine\nof-its-image"

        # Rebuild: Cinder writes the image to the volume again.
        asked = time.monotonic()
        with_rebuild_of_volumes(user, server, image.id)
        login.wait_for_boot(address(server), asked)
        user.compute.wait_for_server(server, wait=90, interval=0.2)
        assert login.run(address(server), "cat /etc/kept").returncode == 1
        assert login.wait(address(server), "findmnt -no FSTYPE /; hostname") == "ext4\nof-a-volume"

        # Deleted, extended and made again from its volume, it is the same.
        login.wait(address(server), "echo again >/etc/kept; sync")
        made.remove()
        user.block_storage.extend_volume(volume, 11)
        volumes.wait(volume, "available")
        third = made.make("from-the-same", image_id=None, block_device_mapping=[disk])
        assert login.wait(address(third), f"cat /etc/kept; hostname; {SIZE}") == "again\nfrom-the-same\n11G"
        made.remove()

        # An image of the volume itself is one like every other.
        volumes.wait(volume, "available")
        exported: Any = user.block_storage.upload_volume_to_image(volume.id, "exported", disk_format="raw")
        images.append(exported["image_id"])
        wait_until("the image", lambda: user.image.get_image(images[-1]).status == "active", 120)
        fourth = made.make("of-the-export", image_id=images[-1])
        assert login.wait(address(fourth), "cat /etc/kept; findmnt -no FSTYPE /") == "again\noverlay"
        made.remove()
    finally:
        for identity in images:
            user.image.delete_image(identity)
        for snapshot in snapshots:
            user.block_storage.delete_snapshot(snapshot)
        wait_until("the snapshots to be gone", lambda: not list(user.block_storage.snapshots(volume_id=volume.id)))


def with_rebuild_of_volumes(user: Connection, server: Any, image: str) -> None:
    """Microversion 2.93: a rebuild writes the boot volume."""
    body = {"rebuild": {"imageRef": image}}
    answer: Any = user.compute.post(f"/servers/{server.id}/action", json=body, microversion="2.93")
    assert answer.status_code == 202, answer.text
