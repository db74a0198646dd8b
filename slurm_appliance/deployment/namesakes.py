"""Finds resources of the cloud by the inputs of a recorded or planned one; pure.

A name alone does not make a resource ours: our own have a mark in their description (cloud_names.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.cloud.project_lists import rule_content
from slurm_appliance.engine.steps import (
    ALLOCATED_IP,
    ATTACHMENT,
    CREDENTIAL,
    FLOATING_IP,
    KEY_PAIR,
    NETWORK,
    PORT,
    ROUTER,
    ROUTER_INTERFACE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SERVER_GROUP,
    SHARE,
    SHARE_ACCESS,
    SUBNET,
    VOLUME,
)


@dataclass(frozen=True)
class Namesake:
    """A resource in the cloud with the wanted name, and whether it has our mark."""

    id: str
    ours: bool


def namesakes(type_: str, inputs: Mapping[str, Any], facts: CloudFacts) -> list[Namesake]:
    """The resources of a type with a name; none for types without names, and for servers, which have another mark."""
    name = inputs.get("name")
    if not name:
        return []
    if type_ == KEY_PAIR:
        # Key pairs have no description. One with another key is not ours.
        wanted = _key(inputs.get("publicKey"))
        return [
            Namesake(each, wanted is not None and _key(key) == wanted)
            for each, key in facts.key_pairs.items()
            if each == name
        ]
    lists: dict[str, Any] = {
        NETWORK: facts.networks,
        SUBNET: facts.subnets,
        ROUTER: facts.routers,
        SECURITY_GROUP: facts.security_groups,
        # These have no description either, and nothing else that identifies their owner.
        SERVER_GROUP: facts.server_groups,
        CREDENTIAL: facts.application_credentials,
        PORT: [port for port in facts.ports if port.network_id == inputs.get("networkId")],
        VOLUME: facts.volumes,
        SHARE: facts.shares,
    }
    mark = inputs.get("description")
    return [
        Namesake(thing.id, bool(mark) and thing.description == mark)
        for thing in lists.get(type_, ())
        if thing.name == name
    ]


def nameless(type_: str, inputs: Mapping[str, Any], facts: CloudFacts) -> tuple[str, ...]:
    """The IDs of resources that have no name, but are identified by what they connect or allow."""
    if type_ == ATTACHMENT:
        server, volume = inputs["instanceId"], inputs["volumeId"]
        there = any(each.id == volume and server in each.server_ids for each in facts.volumes)
        return (f"{server}/{volume}",) if there else ()
    if type_ == SHARE_ACCESS:
        rules = (rule for share in facts.shares if share.id == inputs["shareId"] for rule in share.rules)
        wanted = (inputs["accessType"], inputs["accessTo"], inputs["accessLevel"])
        return tuple(rule.id for rule in rules if (rule.type, rule.to, rule.level) == wanted)
    if type_ == ROUTER_INTERFACE:
        return tuple(port.id for port in facts.ports if port.device_id == inputs["routerId"])
    if type_ == SECURITY_GROUP_RULE:
        # Numbers may come as floats.
        given = {_snake(key): int(value) if isinstance(value, float) else value for key, value in inputs.items()}
        filters = (rule for rule in facts.security_group_rules if rule.group_id == inputs["securityGroupId"])
        return tuple(rule.id for rule in filters if rule.what == rule_content(given))
    if type_ == FLOATING_IP:
        address, port = inputs["floatingIp"], inputs["portId"]
        return tuple(each.id for each in facts.floating_ips if each.address == address and each.port_id == port)
    if type_ == ALLOCATED_IP:
        mark = inputs.get("description")
        return tuple(each.id for each in facts.floating_ips if mark and each.description == mark and not each.port_id)
    return ()


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _key(public_key: Any) -> tuple[str, ...] | None:
    """Type and content of a public key, without its comment; None if invalid."""
    words = public_key.split() if isinstance(public_key, str) else []
    return tuple(words[:2]) if len(words) > 1 else None
