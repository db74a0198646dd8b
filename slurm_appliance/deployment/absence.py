"""Confirms that resources missing in lists are absent: queries each by its ID before the state forgets it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from slurm_appliance.cloud.connection import CloudError, asking
from slurm_appliance.deployment.drift import Missing
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SERVER,
    SERVER_GROUP,
    SHARE,
    SHARE_ACCESS,
    SUBNET,
    VOLUME,
)

if TYPE_CHECKING:
    from openstack.connection import Connection

_NOT_FOUND = 404
_AT_ONCE = 16

#: The service of a resource, and the path of its collection there.
_PATHS = {
    SERVER: ("compute", "/servers"),
    SERVER_GROUP: ("compute", "/os-server-groups"),
    VOLUME: ("block_storage", "/volumes"),
    SHARE: ("shared_file_system", "/shares"),
    SHARE_ACCESS: ("shared_file_system", "/share-access-rules"),
    PORT: ("network", "/ports"),
    ROUTER_INTERFACE: ("network", "/ports"),
    NETWORK: ("network", "/networks"),
    SUBNET: ("network", "/subnets"),
    ROUTER: ("network", "/routers"),
    SECURITY_GROUP: ("network", "/security-groups"),
    SECURITY_GROUP_RULE: ("network", "/security-group-rules"),
}
#: The version of the API that has a path, where the first one has not: it would answer that nothing is there.
_VERSIONS = {SHARE_ACCESS: "2.45"}


def gone(candidates: Iterable[Missing], connection: "Connection") -> list[Missing]:
    """The resources that the cloud confirms to be absent.

    Raises:
        CloudError: the query fails.
    """

    def is_gone(each: Missing) -> bool:
        service, path = _path(each)
        proxy: Any = getattr(connection, service)
        answer = asking(lambda: proxy.get(path, raise_exc=False, microversion=_VERSIONS.get(each.type)), str(each))
        if answer.status_code == _NOT_FOUND:
            return True
        if answer.ok:
            return False
        raise CloudError(
            f"the cloud returned status {answer.status_code} for {path}",
            where=each.name,
            remedy="check the credentials: this query has to confirm that the resource is absent",
        )

    every = list(candidates)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [each for each, missing in zip(every, pool.map(is_gone, every), strict=True) if missing]


def _path(missing: Missing) -> tuple[str, str]:
    if missing.type == ATTACHMENT:
        server, volume = missing.place.split("/")
        return "compute", f"/servers/{server}/os-volume_attachments/{volume}"
    service, path = _PATHS[missing.type]
    return service, f"{path}/{missing.place}"
