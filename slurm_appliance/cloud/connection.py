"""The connection to the cloud that a stack is for, with errors that an operator can act on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from slurm_appliance import __version__
from slurm_appliance.errors import ApplianceError

if TYPE_CHECKING:
    from openstack.connection import Connection

_Result = TypeVar("_Result")


class CloudError(ApplianceError):
    """Raised when the cloud cannot be asked: no credentials, wrong ones, or no answer."""


def connect(cloud: str | None = None) -> "Connection":
    """A connection that has logged in.

    Args:
        cloud: an entry of clouds.yaml; None for what OS_CLOUD or the other OS_* variables say.

    Raises:
        CloudError: there are no credentials, or the cloud does not take them.
    """
    import openstack

    def log_in() -> "Connection":
        connection = openstack.connect(cloud=cloud, app_name="slurm-appliance", app_version=__version__)
        connection.authorize()
        return connection

    return asking(log_in, f"cloud {cloud}" if cloud else "the cloud of the OS_* variables")


def asking(question: Callable[[], _Result], where: str) -> _Result:
    """The answer to a question that the SDK asks the cloud.

    Raises:
        CloudError: in place of what the SDK and its transport raise.
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
