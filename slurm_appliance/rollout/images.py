"""The servers' current images, from Nova and Cinder."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from node.reboot_program.errors import CloudCallError
from node.reboot_program.facts import NodeServer
from slurm_appliance.errors import ApplianceError

#: Maximum number of parallel calls.
_PARALLEL = 10


class Servers(Protocol):
    """Returns one server; the RebootProgram's `Cloud` is an implementation."""

    def server(self, server_id: str) -> NodeServer | None:
        """The server, or None."""


class ImageLookup(Protocol):
    """A rollout's query for images."""

    def of(self, instance_ids: Collection[str]) -> dict[str, str]:
        """Image id by server id; empty for a missing server, or one that boots from a volume of unknown origin."""


class ServerImages:
    """Queries each server by its ID, which is all that the control node's credential allows."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def of(self, instance_ids: Collection[str]) -> dict[str, str]:
        """See `ImageLookup.of`.

        Raises:
            ApplianceError: the query fails.
        """
        ids = sorted(instance_ids)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            try:
                found = list(pool.map(self._servers.server, ids))
            except CloudCallError as error:
                raise ApplianceError(f"cannot query the cloud: {error}", remedy="check the credentials") from error
        return {server_id: server.image_id if server else "" for server_id, server in zip(ids, found, strict=True)}
