"""Which image each server runs, from Nova and Cinder."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from node.reboot_program.errors import CloudCallError
from node.reboot_program.facts import NodeServer
from slurm_appliance.errors import ApplianceError

#: Calls at one time.
_PARALLEL = 10


class Servers(Protocol):
    """Shows one server; the RebootProgram's own way of asking is one."""

    def server(self, server_id: str) -> NodeServer | None:
        """The server, None if there is none."""


class ImageLookup(Protocol):
    """What a rollout asks."""

    def of(self, instance_ids: Collection[str]) -> dict[str, str]:
        """Image id by server id; empty for a server that is not there or boots from a volume of unknown origin."""


class ServerImages:
    """Asks for each server by its id: that is all that the control node's credential allows, and enough."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def of(self, instance_ids: Collection[str]) -> dict[str, str]:
        """See `Images.of`.

        Raises:
            ApplianceError: the cloud does not say.
        """
        ids = sorted(instance_ids)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            try:
                found = list(pool.map(self._servers.server, ids))
            except CloudCallError as error:
                raise ApplianceError(f"cannot query the cloud: {error}", remedy="check the credentials") from error
        return {server_id: server.image_id if server else "" for server_id, server in zip(ids, found, strict=True)}
