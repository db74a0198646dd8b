"""Drift: recorded resources that were deleted outside Pulumi, and servers with unexpected images.

Pure: from the state and the facts to the differences. The facts come from lists, which cover all resources at once,
while a refresh would query each one. A server that is shut off, or that Slurm rebuilt with its target image, is not
drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.deployment.changed import ChangedByHand, with_actual
from slurm_appliance.deployment.forgetting import without
from slurm_appliance.deployment.last_inventory import images_of_last_run
from slurm_appliance.deployment.repair import recorded_image
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    HOLDING_DATA,
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

_KINDS = {
    SERVER: "server",
    PORT: "port",
    **HOLDING_DATA,
    SHARE_ACCESS: "access rule of share",
    ATTACHMENT: "attachment of volume",
    NETWORK: "network",
    SUBNET: "subnet",
    ROUTER: "router",
    ROUTER_INTERFACE: "router interface of network",
    SECURITY_GROUP: "security group",
    SECURITY_GROUP_RULE: "security group rule",
    SERVER_GROUP: "server group",
}


@dataclass(frozen=True)
class Missing:
    """A recorded resource that is missing in the project.

    Attributes:
        urn: the resource's.
        type: its type.
        id: its id.
        name: its name in OpenStack, or, without one, its name in the URN.
        place: the key of the query: the ID, or server and volume of an attachment.
        protected: whether it is kept when the cluster is deleted.
    """

    urn: str
    type: str
    id: str
    name: str
    place: str
    protected: bool = False

    def __str__(self) -> str:
        return f"{_KINDS[self.type]} {self.name} ({self.id}) is missing"


@dataclass(frozen=True)
class OtherImage:
    """A server with an image that neither the state nor the configuration has."""

    node: str
    image: str
    recorded: str

    def __str__(self) -> str:
        return f"server {self.node} runs image {self.image}, but the state records {self.recorded}"


@dataclass(frozen=True)
class Drift:
    """All differences."""

    missing: tuple[Missing, ...] = ()
    images: tuple[OtherImage, ...] = ()
    changed: tuple[ChangedByHand, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.images or self.changed)

    @property
    def in_state(self) -> bool:
        """Whether the state has to be changed, so that ``up`` repairs it."""
        return bool(self.missing or self.changed)

    def lines(self) -> tuple[str, ...]:
        """One sentence per difference."""
        return (*map(str, self.missing), *map(str, self.images), *map(str, self.changed))


def absent(deployment: Mapping[str, Any], facts: CloudFacts) -> list[Missing]:
    """The recorded resources that are in no list of the project.

    A list may omit resources that these credentials cannot see, so each one must be queried before acting on it: see
    absence.py.
    """
    seen = _Seen(facts)
    return [
        Missing(
            each["urn"],
            each["type"],
            each["id"],
            str((each.get("inputs") or {}).get("name") or each["urn"].rpartition("::")[2]),
            _place(each),
            bool(each.get("protect")),
        )
        for each in deployment.get("resources") or []
        if each["type"] in _KINDS and each.get("id") and not each.get("delete") and not seen.has(each)
    ]


class _Seen:
    """The content of the lists."""

    def __init__(self, facts: CloudFacts) -> None:
        self._facts = facts
        self._ids = {
            SERVER: {server.id for server in facts.servers},
            PORT: {port.id for port in facts.ports},
            ROUTER_INTERFACE: {port.id for port in facts.ports},
            NETWORK: {network.id for network in facts.networks},
            SUBNET: {subnet.id for subnet in facts.subnets},
            SECURITY_GROUP: {group.id for group in facts.security_groups},
            SECURITY_GROUP_RULE: {rule.id for rule in facts.security_group_rules},
            SERVER_GROUP: {group.id for group in facts.server_groups},
            ROUTER: {router.id for router in facts.routers},
            VOLUME: {volume.id for volume in facts.volumes},
            SHARE: {share.id for share in facts.shares},
            SHARE_ACCESS: {rule.id for share in facts.shares for rule in share.rules},
            ATTACHMENT: {f"{server}/{volume.id}" for volume in facts.volumes for server in volume.server_ids},
        }
        silent = {
            "volume": (VOLUME, ATTACHMENT),
            "router": (ROUTER, ROUTER_INTERFACE),
            "shared file system": (SHARE, SHARE_ACCESS),
        }
        self._undetailed = {share.id for share in facts.shares if not share.detailed}
        self._unknown = {type_ for service, types in silent.items() if service in facts.absent for type_ in types}

    def has(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource exists, or may exist."""
        type_ = resource["type"]
        if type_ == SHARE_ACCESS and resource["inputs"]["shareId"] in self._undetailed:
            return True
        return type_ in self._unknown or _place(resource) in self._ids[type_]


def _place(resource: Mapping[str, Any]) -> str:
    if resource["type"] != ATTACHMENT:
        return str(resource["id"])
    inputs = resource["inputs"]
    return f"{inputs['instanceId']}/{inputs['volumeId']}"


def other_images(
    deployment: Mapping[str, Any], facts: CloudFacts, targets: Mapping[str, str | None]
) -> list[OtherImage]:
    """The servers whose image is neither recorded nor their target, now or in the last ``up``.

    Args:
        deployment: the state's resources.
        facts: the cloud.
        targets: each node's target image; None if it has to be built.
    """
    servers = {server.id: server for server in facts.servers}
    found = []
    for resource in deployment.get("resources") or []:
        server = servers.get(resource.get("id", "")) if resource["type"] == SERVER else None
        if server is None or not server.image_id or server.failed:
            continue
        recorded = recorded_image(resource)
        if recorded and server.image_id not in (recorded, targets.get(server.name)):
            found.append(OtherImage(server.name, server.image_id, recorded))
    if not found:
        return []
    # Slurm rebuilds nodes with the target of the last run; in the state, only the inventory has it.
    before = images_of_last_run(deployment)
    return [each for each in found if each.image != before.get(each.node)]


def mended(deployment: Mapping[str, Any], drift: Drift) -> dict[str, Any]:
    """A state without missing resources and with changed values, so that the engine makes them as they were."""
    gone = {(each.type, each.id) for each in drift.missing}
    return without(
        with_actual(deployment, drift.changed), lambda resource: (resource["type"], resource.get("id")) in gone
    )
