"""Volumes in virtual machines: hot-plugged, grown while they are mounted, booted from."""

from typing import Any

from openstack.connection import Connection

from tests.engine.cloud.test_volumes import Volumes, by_id, volumes
from tests.engine.cloud_fixtures import IMAGE, wait_until
from tests.engine.node_fixtures import Login, Made, address
from tests.vm.boots import BOOT_ID
from tests.vm.test_servers import active, flavor_of, other_boot

__all__ = ["volumes"]

#: The first microversion that rebuilds the volume that a server boots from, and that extends one in use.
REIMAGE, EXTEND = "2.93", "volume 3.42"


def test_a_volume_grows_under_its_mounted_file_system(
    user: Connection, machine: Any, volumes: Volumes, login: Login
) -> None:
    at, volume = address(machine), volumes.make()
    user.compute.create_volume_attachment(machine, volume=volume.id)
    volumes.wait(volume, "in-use")
    device = by_id(volume)
    wait_until("the disk", lambda: login.run(at, f"test -b {device}").returncode == 0)
    login.wait(at, f"mkfs.ext4 -q {device} && mount {device} /mnt && echo kept >/mnt/file")
    answer = user.block_storage.post(
        f"/volumes/{volume.id}/action",
        json={"os-extend": {"new_size": 3}},
        headers={"OpenStack-API-Version": EXTEND},
    )
    assert answer.status_code == 202, answer.text
    wait_until("the bigger disk", lambda: login.wait(at, f"lsblk -dnbo SIZE {device}") == str(3 * 2**30))
    login.wait(at, f"resize2fs {device}")
    assert int(login.wait(at, "df -m --output=size /mnt | tail -1")) > 2500
    assert login.wait(at, "cat /mnt/file; umount /mnt") == "kept"
    user.compute.delete_volume_attachment(machine, volume.id)
    volumes.wait(volume, "available")
    wait_until("the disk to be gone", lambda: login.run(at, f"test -e {device}").returncode == 1)


def test_a_server_boots_from_a_volume_and_is_rebuilt_on_it(
    user: Connection, made: Made, volumes: Volumes, login: Login
) -> None:
    image: Any = user.image.find_image(IMAGE, ignore_missing=False)
    volume = volumes.make(12, image_id=image.id)
    disks = [{"boot_index": 0, "uuid": volume.id, "source_type": "volume", "destination_type": "volume"}]
    flavor = flavor_of(user, "slurm.medium")
    server = made.make("on-volume", image_id=None, flavor_id=flavor, block_device_mapping=disks)
    at = address(server)
    assert int(login.wait(at, "df -BG --output=size / | tail -1").strip(" G")) == 12
    before = login.wait(at, f"echo old >/etc/kept; sync; {BOOT_ID}")
    rebuilt = user.compute.post(
        f"/servers/{server.id}/action", json={"rebuild": {"imageRef": image.id}}, microversion=REIMAGE
    )
    assert rebuilt.status_code == 202, rebuilt.text
    other_boot(login, server, before)
    active(user, server)
    assert login.run(at, "cat /etc/kept").returncode == 1
    assert login.wait(at, "lsblk -dno SERIAL /dev/vda") == volume.id[:20]
