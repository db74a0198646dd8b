"""The metadata of servers: what a booting node can query about itself.

Unlike user data, it can change in place. All processes on a node can read it, so it never contains secrets.
"""

from collections.abc import Iterable
from typing import TypeVar

from node.compute_init.share import STATE_DIR
from node.compute_init.signature import METADATA as BUNDLE_KEY

#: Marks a server as part of an environment; used to find leftovers of an interrupted ``up``.
ENVIRONMENT = "environment"
#: The version of a control node's user data; the first version is not recorded.
USER_DATA_VERSION = "user_data_version"

#: Where the reference appliance has the path of the environment's folder.
REFERENCE_ENVIRONMENT = "environment_root"

_ACCESS_IP, _CONTROL_ADDRESS, _GATEWAY_IP, _STATE_DIR = "access_ip", "control_address", "gateway_ip", "state_dir"
#: Keys that no entry of compute_init_enable can have.
RESERVED = frozenset(
    {
        ENVIRONMENT,
        REFERENCE_ENVIRONMENT,
        BUNDLE_KEY,
        USER_DATA_VERSION,
        _ACCESS_IP,
        _CONTROL_ADDRESS,
        _GATEWAY_IP,
        _STATE_DIR,
    }
)

_Text = TypeVar("_Text")


def server_metadata(
    environment: str,
    *,
    access_ip: _Text,
    control_address: _Text | None = None,
    gateway_ip: str | None = None,
    bundle_key: _Text | None = None,
    state_dir: str = STATE_DIR,
    roles: Iterable[str] = (),
    user_data_version: int = 1,
) -> dict[str, str | _Text]:
    """The metadata of one server. Some values may be strings, or outputs that are not known yet.

    Args:
        environment: the server's environment.
        access_ip: the node's address on the access network.
        control_address: the control node's address there; None for the control node itself.
        gateway_ip: the default gateway that the node sets at boot; None leaves it to DHCP.
        bundle_key: the public key that verifies the node's bundle; None for nodes without a bundle.
        state_dir: where the control node mounts its state volume; only set in the metadata if it is not the default.
        roles: entries of compute_init_enable, each of which becomes ``<role>=true``.
        user_data_version: version of its user data.
    """
    metadata: dict[str, str | _Text] = {ENVIRONMENT: environment, _ACCESS_IP: access_ip}
    if control_address is not None:
        metadata[_CONTROL_ADDRESS] = control_address
    if gateway_ip is not None:
        metadata[_GATEWAY_IP] = gateway_ip
    if bundle_key is not None:
        metadata[BUNDLE_KEY] = bundle_key
    if user_data_version > 1:
        metadata[USER_DATA_VERSION] = str(user_data_version)
    if control_address is not None and state_dir != STATE_DIR:
        metadata[_STATE_DIR] = state_dir
    return metadata | dict.fromkeys(roles, "true")
