"""The connection to a stack's cloud, with errors that an operator can act on."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from slurm_appliance import __version__
from slurm_appliance.errors import ApplianceError

if TYPE_CHECKING:
    from openstack.connection import Connection

_Result = TypeVar("_Result")


class CloudError(ApplianceError):
    """Raised when a query to the cloud fails: missing or wrong credentials, or no response."""


def connect(cloud: str | None = None) -> "Connection":
    """An authenticated connection.

    Args:
        cloud: an entry of clouds.yaml; None to use OS_CLOUD or the other OS_* variables.

    Raises:
        CloudError: the credentials are missing, or the cloud rejects them.
    """
    import openstack

    def log_in() -> "Connection":
        connection = openstack.connect(cloud=cloud, app_name="slurm-appliance", app_version=__version__)
        connection.authorize()
        return connection

    return asking(log_in, f"cloud {cloud}" if cloud else "the cloud of the OS_* variables")


def usable_entry(named: str | None) -> str | None:
    """The entry of clouds.yaml to use; None to use the OS_* variables, as in CI: no clouds.yaml has the entry.

    Args:
        named: the entry that a stack file names.
    """
    if named is None or "OS_AUTH_URL" not in os.environ:
        return named
    from openstack.config import OpenStackConfig

    return named if named in OpenStackConfig().get_cloud_names() else None


def plugin_variables(cloud: str) -> dict[str, str]:
    """The variables by which Pulumi's plugin reaches a cloud as `connect` does, as far as the user has not set them.

    The plugin reads the entry's login, region and certificates, but not its interface.

    Args:
        cloud: an entry of clouds.yaml.
    """
    from openstack.config import OpenStackConfig
    from openstack.exceptions import ConfigException

    variables = {"OS_CLOUD": cloud}
    try:
        given = OpenStackConfig().get_one(cloud).get_interface()
    except ConfigException:
        return variables  # `connect` says what is wrong with it.
    interface = str(given[0] if isinstance(given, list) else given or "public")
    if not interface.startswith("public") and "OS_ENDPOINT_TYPE" not in os.environ:
        variables["OS_ENDPOINT_TYPE"] = interface
    return variables


def asking(question: Callable[[], _Result], where: str) -> _Result:
    """Run a query with the SDK and return its result.

    Raises:
        CloudError: instead of the exceptions of the SDK and its transport.
    """
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException

    try:
        return question()
    except (ClientException, SDKException) as error:
        raise CloudError(
            f"cannot query the cloud: {str(error).splitlines()[0]}",
            where=where,
            remedy="check the credentials (clouds.yaml, OS_CLOUD, OS_* variables) and that the cloud is reachable",
        ) from error
