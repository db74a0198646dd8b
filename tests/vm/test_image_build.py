"""An image built of a distribution's cloud image: a disk that boots by itself and grows its root."""

from typing import Any

from openstack.connection import Connection

from slurm_appliance.image import images
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.record import ImageRecord
from tests.engine.cloud_fixtures import IMAGE
from tests.engine.node_fixtures import Login, Made, address
from tests.lifecycle.image_fixtures import BuildSite
from tests.vm.test_servers import flavor_of

PACKAGE = "tree"


def test_an_image_is_built_of_the_base_image_and_boots_by_itself(
    build_site: BuildSite, user: Connection, made: Made, login: Login
) -> None:
    outcome = build_site.image(build_site.description(IMAGE, (), extra_packages=(PACKAGE,)))
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
