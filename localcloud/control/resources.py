"""What an OpenStack operator creates for users: flavors, an external network, the distribution's image."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.control.credentials import ADMIN_CLOUD, CLOUD
from localcloud.host.layout import CloudLayout
from localcloud.image.base import BaseImage
from localcloud.image.systems import DEFAULT

if TYPE_CHECKING:
    from openstack.connection import Connection

#: Flavors: virtual processors, memory in MiB, disk in GiB.
FLAVORS = {
    "slurm.small": (1, 512, 10),
    "slurm.medium": (2, 1024, 20),
    "slurm.large": (4, 4096, 40),
}

#: The name of the base image that is there on every cloud.
IMAGE = DEFAULT.name
#: The property of a base image that says what it was made from.
DIGEST = "base_image_digest"

#: The external network. Routers and floating IPs exist in Neutron's database; nothing forwards their packets.
EXTERNAL_NETWORK = "public"
_EXTERNAL_SUBNET = "203.0.113.0/24"
#: Timeout for another client's request to finish, in seconds.
_TIMEOUT = 30.0


def connect(layout: CloudLayout, *, admin: bool = False) -> "Connection":
    """An SDK connection to the cloud, as its ordinary user or as its administrator."""
    from openstack import config
    from openstack.connection import Connection

    clouds = config.OpenStackConfig(config_files=[str(layout.clouds_yaml)], secure_files=[], vendor_files=[])
    return Connection(config=clouds.get_one(ADMIN_CLOUD if admin else CLOUD))


def make_resources(layout: CloudLayout) -> None:
    """Create what is missing."""
    with connect(layout, admin=True) as admin:
        known = {flavor.name for flavor in admin.compute.flavors()}
        for name, (vcpus, ram, disk) in FLAVORS.items():
            if name not in known:
                admin.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
        network = _external_network(admin)
        if not list(admin.network.subnets(network_id=network.id)):
            admin.network.create_subnet(
                network_id=network.id,
                name=EXTERNAL_NETWORK,
                ip_version=4,
                cidr=_EXTERNAL_SUBNET,
                enable_dhcp=False,
            )


def _external_network(admin: "Connection") -> Any:
    """The external network, created if missing."""
    from openstack.exceptions import ConflictException

    physical: dict[str, Any] = {
        "provider_network_type": "flat",
        "provider_physical_network": EXTERNAL_NETWORK,
        "is_router_external": True,
    }
    end = time.monotonic() + _TIMEOUT
    while True:
        found = admin.network.find_network(EXTERNAL_NETWORK)
        if found is not None:
            return found
        try:
            return admin.network.create_network(name=EXTERNAL_NETWORK, **physical)
        except ConflictException:
            # Another request uses its physical network: left from an interrupted start on a busy machine.
            if time.monotonic() > end:
                raise
            time.sleep(1)


def upload_image(layout: CloudLayout, base: BaseImage) -> bool:
    """Upload a base image for everybody unless it is there; an older one of the name steps back.

    Args:
        layout: the cloud.
        base: the image.

    Returns:
        Whether it was uploaded.
    """
    name = base.system.name
    with connect(layout, admin=True) as admin:
        present = list(admin.image.images(name=name))
        if any(image.status == "active" and image.properties.get(DIGEST) == base.digest for image in present):
            return False
        for image in present:
            if image.status == "active":
                # Servers were made from it, so it stays; only its name is given on.
                former = f"{name} ({image.properties.get(DIGEST, image.id)})"
                admin.image.update_image(image.id, name=former, is_hidden=True)
            else:
                admin.image.delete_image(image.id)  # An upload that was cut off.
        about = {
            "os_distro": base.system.distribution,
            "os_version": base.system.version,
            "os_admin_user": base.system.distribution,
        }
        upload(admin, base.file, name, {DIGEST: base.digest, **about}, base.disk_format, base.min_disk_gb)
        return True


def upload(
    admin: "Connection", file: Path, name: str, properties: dict[str, str], disk_format: str = "raw", min_disk: int = 0
) -> str:
    """Upload an image that all users can use, and return its ID."""
    with file.open("rb") as data:
        image = admin.image.create_image(
            name=name,
            disk_format=disk_format,
            min_disk=min_disk,
            container_format="bare",
            visibility="public",
            data=data,  # type: ignore[arg-type]  # any stream that can be read: the SDK's hint is too narrow
            properties=properties,
            validate_checksum=False,
            allow_duplicates=True,
        )
    return str(image.id)
