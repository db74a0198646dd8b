"""What somebody changed behind the state's back: recorded resources that are gone, and images that nobody asked for.

Pure: the state and the facts in, what differs out. The lists that the facts are made from tell it for all resources at
once, where a refresh would ask for each. A server that is switched off, or that Slurm brought to its target image, is
as it should be.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.deployment.forgetting import without
from slurm_appliance.deployment.repair import recorded_image
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    COMMAND,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SERVER,
    SERVER_GROUP,
    SUBNET,
    VOLUME,
)

#: Exit status of ``preview`` and ``status`` where there is drift.
DRIFT = 6

_KINDS = {
    SERVER: "server",
    PORT: "port",
    VOLUME: "volume",
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
    """A resource that the state records and the project no longer has.

    Attributes:
        urn: the resource's.
        type: its type.
        id: its id.
        name: its name in OpenStack, or the one in the URN where it has none.
        place: what the cloud is asked for: the id, or server and volume of an attachment.
        protected: whether it holds what outlives the cluster.
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
    """A server that somebody gave an image which neither the state nor the configuration says."""

    node: str
    image: str
    recorded: str

    def __str__(self) -> str:
        return f"server {self.node} runs image {self.image}, but the state records {self.recorded}"


@dataclass(frozen=True)
class Drift:
    """All that differs."""

    missing: tuple[Missing, ...] = ()
    images: tuple[OtherImage, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.images)

    def lines(self) -> tuple[str, ...]:
        """A sentence each."""
        return (*map(str, self.missing), *map(str, self.images))


def absent(deployment: Mapping[str, Any], facts: CloudFacts) -> list[Missing]:
    """The recorded resources that are in no list of the project.

    A list may leave out what these credentials do not see, so that each of them has to be asked for before anything is
    done about it: see absence.py.
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
    """What the lists show."""

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
            ATTACHMENT: {f"{server}/{volume.id}" for volume in facts.volumes for server in volume.server_ids},
        }
        silent = {"volume": (VOLUME, ATTACHMENT), "router": (ROUTER, ROUTER_INTERFACE)}
        self._unknown = {type_ for service, types in silent.items() if service in facts.absent for type_ in types}

    def has(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource is there, or cannot be told to be gone."""
        type_ = resource["type"]
        return type_ in self._unknown or _place(resource) in self._ids[type_]


def _place(resource: Mapping[str, Any]) -> str:
    if resource["type"] != ATTACHMENT:
        return str(resource["id"])
    inputs = resource["inputs"]
    return f"{inputs['instanceId']}/{inputs['volumeId']}"


def other_images(
    deployment: Mapping[str, Any], facts: CloudFacts, targets: Mapping[str, str | None]
) -> list[OtherImage]:
    """The servers whose image is neither the recorded one, nor their target now or when ``up`` last ran.

    Args:
        deployment: the state's resources.
        facts: the cloud.
        targets: the image that each node is to run; None for one that has to be built.
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
    # Slurm brings nodes to the target of the last run; the state has that in the inventory only.
    before = _targets_of_last_run(deployment)
    return [each for each in found if each.image != before.get(each.node)]


def _targets_of_last_run(deployment: Mapping[str, Any]) -> dict[str, str]:
    for resource in deployment.get("resources") or []:
        if resource["type"] == COMMAND and resource["urn"].endswith("::inventory"):
            stdin = (resource.get("inputs") or {}).get("stdin")
            files = json.loads(stdin)["files"] if isinstance(stdin, str) else {}
            return dict(image for text in files.values() for image in _images(yaml.safe_load(text)))
    return {}


def _images(inventory: object) -> Iterator[tuple[str, str]]:
    """Hosts and their target images, wherever they are in an inventory."""
    if isinstance(inventory, dict):
        for name, below in inventory.items():
            if isinstance(below, dict) and "image_id" in below:
                yield str(name), str(below["image_id"])
            yield from _images(below)


def mended(deployment: Mapping[str, Any], drift: Drift) -> dict[str, Any]:
    """A state that records nothing that is gone, so that the engine makes it again."""
    gone = {(each.type, each.id) for each in drift.missing}
    return without(deployment, lambda resource: (resource["type"], resource.get("id")) in gone)
