"""Finds what the cloud has of the resources that a program plans; pure.

A resource is taken over only if something besides its name says that it is this cluster's: our mark, or that it belongs
to one of its servers. Servers are recognized by the environment in their metadata, ours or the reference appliance's.
"""

import hashlib
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.naming import control_node, environment
from slurm_appliance.deployment.namesakes import nameless, namesakes
from slurm_appliance.engine.stand_in import Creation, StandInResource
from slurm_appliance.engine.steps import (
    ATTACHMENT,
    COMMAND,
    CREDENTIAL,
    FLOATING_IP,
    KEY_PAIR,
    PORT,
    ROUTER_INTERFACE,
    SECURITY_GROUP_RULE,
    SERVER,
    SERVER_GROUP,
    SHARE,
    SHARE_ACCESS,
    VOLUME,
)
from slurm_appliance.errors import Problem
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight.servers import UNREADABLE
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.secrets.recovered import RecoveredSecrets

_SECRETS = "slurm-appliance:index:Secrets$"


class Fate(StrEnum):
    """What happens to a planned resource."""

    #: The state records the existing one.
    ADOPT = "adopt"
    #: There is none: ``up`` creates it.
    CREATE = "create"
    #: The existing one cannot be used: it is deleted, and created again.
    RENEW = "make anew"


@dataclass(frozen=True)
class Counterpart:
    """What the cloud has of a planned resource.

    Attributes:
        urn: the planned resource's.
        type: its type.
        name: its name in OpenStack or, without one, its name in the URN.
        fate: what happens to it.
        id: the existing resource's ID; empty if there is none.
        why: the reason, if it is not just adopted.
    """

    urn: str
    type: str
    name: str
    fate: Fate
    id: str = ""
    why: str = ""


def claimed(
    config: ClusterConfig, facts: CloudFacts, recorded: Iterable[str] = ()
) -> tuple[CloudFacts, tuple[Problem, ...]]:
    """The facts with our mark on each server that is this cluster's, and on their images; why others cannot be ours.

    Args:
        config: the configuration.
        facts: the cloud.
        recorded: IDs of servers that the state has already.
    """
    mine, known = environment(config), frozenset(recorded)
    wanted = {node.hostname: group.at("nodes") for group in groups(config) for node in group.nodes}
    problems: list[Problem] = []
    taken: dict[str, list[ServerFacts]] = {}
    for server in facts.servers:
        if server.name not in wanted:
            continue
        if server.environment == mine or server.id in known or (server.reference and not server.environment):
            taken.setdefault(server.name, []).append(server)
    for name, found in taken.items():
        if len(found) > 1:
            ids = ", ".join(sorted(server.id for server in found))
            what = f"{len(found)} servers named {name} may be this node: {ids}"
            problems.append(Problem(wanted[name], what, "rename or delete those that are not the cluster's"))
        problems += [
            Problem(wanted[name], f"server {name} ({server.id}) is in state {server.status}", "wait until it is ACTIVE")
            for server in found
            if server.status in UNREADABLE
        ]
    ours = {server.id for found in taken.values() for server in found}
    marked = tuple(replace(each, environment=mine) if each.id in ours else each for each in facts.servers)
    run = {each.image_id for each in marked if each.id in ours}
    images = tuple(replace(each, adopted=True) if each.id in run else each for each in facts.images)
    return replace(facts, servers=marked, images=images), tuple(problems)


@dataclass
class Counterparts:
    """Answers for the stand-in, from facts with claimed servers.

    Attributes:
        found: a counterpart for each OpenStack resource, in the order of creation.
        problems: what cannot be taken over.
        secrets: URNs of the commands whose secrets are recorded.
    """

    config: ClusterConfig
    facts: CloudFacts
    recovered: RecoveredSecrets
    found: list[Counterpart] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        mine = environment(self.config)
        names = {node.hostname for group in groups(self.config) for node in group.nodes}
        marked = [each for each in self.facts.servers if each.environment == mine and each.name in names]
        self._servers = {server.name: server for server in marked}
        self._ids = {server.id for server in marked}

    def create(self, wanted: Creation) -> StandInResource:
        """The existing resource that stands for a planned one."""
        if wanted.type == COMMAND:
            return self._command(wanted)
        counterpart = self._counterpart(wanted)
        with self._lock:
            self.found.append(counterpart)
        usable = counterpart.fate is Fate.ADOPT
        outputs, secrets = self._outputs(wanted, counterpart) if usable else ({}, {})
        # Nothing in the cloud has a random ID, so what depends on it is not there either.
        return StandInResource(counterpart.id if usable else str(uuid.uuid4()), outputs, secrets)

    def _command(self, wanted: Creation) -> StandInResource:
        secret = wanted.name if _SECRETS in wanted.urn else ""
        if secret not in MAKERS:
            return StandInResource(wanted.name, {"stdout": "", "stderr": ""})
        with self._lock:
            self.secrets.append(wanted.urn)
        value = self.recovered.values.get(secret) or MAKERS[secret]()
        return StandInResource(uuid.uuid4().hex, {"stderr": ""}, {"stdout": value})

    def _counterpart(self, wanted: Creation) -> Counterpart:
        name = str(wanted.inputs.get("name") or wanted.name)
        base = Counterpart(wanted.urn, wanted.type, name, Fate.CREATE)
        if wanted.type == SERVER:
            server = self._servers.get(name)
            return replace(base, fate=Fate.ADOPT, id=server.id) if server else base
        if wanted.type == CREDENTIAL:
            return self._credential(wanted, base)
        if wanted.type in (ATTACHMENT, ROUTER_INTERFACE, SECURITY_GROUP_RULE, FLOATING_IP, SHARE_ACCESS):
            return self._only(base, nameless(wanted.type, wanted.inputs, self.facts), ())
        if wanted.type == PORT and self._owner(wanted) is not None:
            return self._attached_port(wanted, base)
        same = namesakes(wanted.type, wanted.inputs, self.facts)
        ours = [each.id for each in same if each.ours]
        if wanted.type == SERVER_GROUP:
            ours = [each.id for each in same]
        elif wanted.type == VOLUME:
            attached = {each.id for each in self.facts.volumes if self._ids & set(each.server_ids)}
            ours = [each.id for each in same if each.id in attached] or ours
            if not same and self._owner(wanted) is not None:
                self._refuse(base, "is missing, and its node would get an empty one", "set its provisioning to attach")
        elif wanted.type == SHARE and not same and self._servers:
            what = "is missing, and its nodes would get an empty one"
            self._refuse(base, what, "name the share with share, or adopt the cluster without this file system")
        return self._only(base, ours, [each.id for each in same])

    def _owner(self, wanted: Creation) -> ServerFacts | None:
        """The existing server that a port or a volume belongs to."""
        host, dot, _rest = wanted.name.partition(".")
        return self._servers.get(host if dot else control_node(self.config).hostname)

    def _attached_port(self, wanted: Creation, base: Counterpart) -> Counterpart:
        """A port is known by its server: its name may be another one, which changes in place."""
        server = self._owner(wanted)
        there = [
            port
            for port in self.facts.ports
            if server and port.device_id == server.id and port.network_id == wanted.inputs.get("networkId")
        ]
        named = [port for port in there if port.name == base.name]
        ids = [port.id for port in (named or there)]
        if not ids:
            network = wanted.name.partition(".")[2]
            what = f"is missing: the server has no port on network {network}, so it would have to be replaced"
            self._refuse(base, what, "set cluster_networks, or the group's extra_networks, to those of the server")
        return self._only(base, ids, ids)

    def _credential(self, wanted: Creation, base: Counterpart) -> Counterpart:
        same = [each.id for each in namesakes(wanted.type, wanted.inputs, self.facts)]
        if not same:
            return base
        if self.recovered.credential_id in same and self.recovered.credential_secret:
            return replace(base, fate=Fate.ADOPT, id=self.recovered.credential_id)
        return replace(base, fate=Fate.RENEW, id=same[0], why="Keystone tells its secret only once, and it is lost")

    def _only(self, base: Counterpart, ours: Iterable[str], all_: Iterable[str]) -> Counterpart:
        """The counterpart, if there is exactly one."""
        found, same = list(ours), list(all_)
        if len(found) > 1:
            self._refuse(
                base, f"has {len(found)} candidates: {', '.join(sorted(found))}", "rename or delete the others"
            )
        elif found:
            return replace(base, fate=Fate.ADOPT, id=found[0])
        elif same and base.type == KEY_PAIR:
            self._refuse(base, "has another public key", "set key_pair.public_key to the key of the existing pair")
        elif same:
            self._refuse(
                base,
                f"exists ({', '.join(sorted(same))}), but nothing says that it is this cluster's",
                f"if it is, set its description to '{cloud_names.mark(self.config)}'; otherwise rename it",
            )
        return base

    def _refuse(self, about: Counterpart, what: str, remedy: str) -> None:
        kind = about.type.rpartition(":")[2]
        with self._lock:
            self.problems.append(Problem(about.name, f"{kind} {about.name} {what}", remedy))

    def _outputs(self, wanted: Creation, found: Counterpart) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """What the program and the provider need of an existing resource, besides what a refresh reads."""
        if wanted.type == PORT:
            (port,) = [each for each in self.facts.ports if each.id == found.id]
            return {"allFixedIps": list(port.addresses)}, {}
        if wanted.type == SERVER and wanted.inputs.get("userData"):
            # The provider records a digest, and Nova shows it to administrators only.
            text = str(wanted.inputs["userData"]).encode()
            return {"userData": hashlib.sha1(text, usedforsecurity=False).hexdigest()}, {}
        if wanted.type == CREDENTIAL:
            return {}, {"secret": self.recovered.credential_secret}
        return {}, {}
