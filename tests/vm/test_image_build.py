"""An image built of a distribution's cloud image: a disk that boots by itself and grows its root."""

from typing import Any

from openstack.connection import Connection

from localcloud.control import lifecycle
from localcloud.host.steps import Steps
from localcloud.image import systems
from slurm_appliance.image import images
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from tests.engine.cloud_fixtures import Cloud, say
from tests.engine.node_fixtures import Login, Made, address
from tests.lifecycle.image_fixtures import AUTOMATIC, BuildSite
from tests.vm.test_servers import flavor_of

BASE, PACKAGE = systems.system("debian-13-genericcloud"), "tree"


def test_an_image_is_built_of_the_base_image_and_boots_by_itself(
    cloud: Cloud, build_site: BuildSite, user: Connection, made: Made, login: Login
) -> None:
    lifecycle.add_image(cloud.layout, BASE, Steps(say))
    outcome = build_site.image(build_site.description(BASE.name, (), extra_packages=(PACKAGE,)))
    image = images.get(OpenStackApi(user), outcome["image_id"])
    assert image is not None
    assert PACKAGE in ImageRecord.of_image(image).packages
    in_glance: Any = user.image.get_image(image.id)
    assert in_glance.disk_format == "qcow2"
    server = made.make("of-build", image_id=image.id, flavor_id=flavor_of(user, "slurm.large"))
    at = address(server)
    login.settled(at)
    assert login.wait(at, f"command -v {PACKAGE}; hostname") == f"/usr/bin/{PACKAGE}\nof-build"
    assert int(login.wait(at, "df -BG --output=size / | tail -1").strip(" G")) >= 39
    assert login.wait(at, "systemctl --failed --no-legend --plain") == ""
    # What a distribution's cloud image brings, and our base image does not.
    assert login.wait(at, "findmnt --noheadings --output FSTYPE /boot/efi") == "vfat"
    assert "/run/systemd/network/10-netplan-" in login.wait(at, "networkctl status --all --no-pager")
    assert login.wait(at, "readlink /etc/resolv.conf") == "../run/systemd/resolve/stub-resolv.conf"
    assert login.wait(at, "cat /proc/$(pgrep --oldest chronyd)/attr/current") == "/usr/sbin/chronyd (enforce)"
    assert login.wait(at, "journalctl --boot --dmesg --quiet --grep 'apparmor=.DENIED' || true") == ""
    enabled = login.wait(at, f"systemctl is-enabled {' '.join(AUTOMATIC)} || true").split()
    assert enabled == ["masked"] * len(AUTOMATIC)
