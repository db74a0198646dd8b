"""Executes a repair: removes incomplete resources, and updates the state."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud.connection import asking
from slurm_appliance.deployment.repair import Treatment, Unfinished
from slurm_appliance.engine.steps import SERVER
from slurm_appliance.errors import ApplianceError

if TYPE_CHECKING:
    from openstack.connection import Connection

#: Timeout for Nova to delete a server that it was still building, in seconds.
_DELETE_LIMIT = 300


def remove_incomplete(unfinished: Iterable[Unfinished], connection: "Connection") -> None:
    """Remove incomplete resources, servers first, because the others may belong to them.

    Raises:
        ApplianceError: a resource cannot be removed.
    """
    to_remove = [each for each in unfinished if each.treatment is Treatment.REMOVE]
    for each in sorted(to_remove, key=lambda each: each.type != SERVER):
        for id_ in each.ids:
            where = f"{each.type.rpartition(':')[2]} {id_}"
            asking(lambda id_=id_, each=each: _delete(connection, each.type, id_), where)  # type: ignore[misc]
    servers = [id_ for each in to_remove if each.type == SERVER for id_ in each.ids]
    _wait_until_gone(connection, servers)


def _delete(connection: "Connection", type_: str, id_: str) -> None:
    deletions: dict[str, Callable[..., Any]] = {
        "Instance": connection.compute.delete_server,
        "Keypair": connection.compute.delete_keypair,
        "ServerGroup": connection.compute.delete_server_group,
        "FloatingIp": connection.network.delete_ip,
        "Port": connection.network.delete_port,
        "Network": connection.network.delete_network,
        "Subnet": connection.network.delete_subnet,
        "Router": connection.network.delete_router,
        "SecGroup": connection.network.delete_security_group,
        "SecGroupRule": connection.network.delete_security_group_rule,
    }
    kind = type_.rpartition(":")[2]
    if kind == "ApplicationCredential":
        path = f"/users/{connection.current_user_id}/application_credentials/{id_}"
        connection.identity.delete(path, raise_exc=True)
    else:
        deletions[kind](id_)


def _wait_until_gone(connection: "Connection", servers: list[str]) -> None:
    end = time.monotonic() + _DELETE_LIMIT
    while servers:
        there = {server.id for server in connection.compute.servers(details=False)}
        servers = [server for server in servers if server in there]
        if servers and time.monotonic() > end:
            raise ApplianceError(
                f"the server of an interrupted run was not deleted within {_DELETE_LIMIT} seconds",
                where=", ".join(servers),
                remedy="check its state in Nova: openstack server show ID",
            )
        if servers:
            time.sleep(1)
