"""The cloud of the image commands."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from slurm_appliance.image.openstack_api import OpenStackApi

CloudOption = Annotated[str | None, typer.Option("--cloud", "-c", help="Entry of clouds.yaml. Default: OS_CLOUD.")]


def image_api(cloud: str | None) -> "OpenStackApi":
    """The APIs of an entry of clouds.yaml; None: of OS_CLOUD."""
    from slurm_appliance.cloud.connection import connect
    from slurm_appliance.commands.clouds import find_local_cloud
    from slurm_appliance.image.openstack_api import OpenStackApi

    find_local_cloud(cloud)
    return OpenStackApi(connect(cloud))
