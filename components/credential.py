"""The control node's credential: lets the RebootProgram rebuild this cluster's compute nodes, and nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_openstack import identity

from components import options
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.nodes.access_rules import MOST_SERVERS, AccessRule, Endpoints, access_rules
from slurm_appliance.preflight import Resolved

#: Matches any server in an access rule.
_ANY = "*"


@dataclass(frozen=True)
class CredentialArgs:
    """What a credential depends on.

    Attributes:
        config: the configuration.
        resolved: how the cloud is reached.
        servers: ids of the servers that Slurm may rebuild.
        rotation: how often it was rotated.
        volume_backed: whether any of them boots from a volume.
    """

    config: ClusterConfig
    resolved: Resolved
    servers: Sequence[pulumi.Input[str]]
    rotation: int
    volume_backed: bool


class Credential(pulumi.ComponentResource):
    """An application credential for the servers of the compute nodes.

    When the servers change or the credential is rotated, a new one is created, ``site.yml`` copies it to the control
    node, and then the old one is deleted. Their names differ, because Keystone requires unique names.

    Attributes:
        cloud: an entry of clouds.yaml; secret.
    """

    cloud: pulumi.Output[Mapping[str, Any]]

    def __init__(self, name: str, args: CredentialArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Credential"), name, {}, opts)
        access = args.resolved.access

        def rules(ids: Sequence[str]) -> list[AccessRule]:
            # Keystone limits the number of rules: above this many servers, one rule covers any server.
            wanted = ids if len(ids) <= MOST_SERVERS else [_ANY]
            return access_rules(wanted, _endpoints(access.endpoints), volume_backed=args.volume_backed)

        allowed: pulumi.Output[list[AccessRule]] = pulumi.Output.all(*args.servers).apply(rules)
        credential = identity.ApplicationCredential(
            name,
            name=allowed.apply(lambda known: f"{args.config.cluster_name}-{name}-{_digest(known, args.rotation)}"),
            description=f"Slurm on cluster {args.config.cluster_name} rebuilds its compute nodes",
            access_rules=allowed.apply(
                lambda known: [
                    identity.ApplicationCredentialAccessRuleArgs(
                        service=rule.service, method=rule.method, path=rule.path
                    )
                    for rule in known
                ]
            ),
            opts=options.replaced_at_the_end(self),
        )

        def entry(known: Mapping[str, str]) -> dict[str, Any]:
            more: dict[str, Any] = {"region_name": access.region} if access.region else {}
            if access.interface != "public":
                more["interface"] = access.interface
            if access.ca_certificates:
                # The role makes a file of it, and cacert its path.
                more["ca_certificates"] = access.ca_certificates
            elif not access.verify:
                more["verify"] = False
            auth = {
                "auth_url": access.auth_url,
                "application_credential_id": known["id"],
                "application_credential_secret": known["secret"],
            }
            return {"auth_type": "v3applicationcredential", "auth": auth, **more}

        values = pulumi.Output.all(id=credential.id, secret=credential.secret)
        self.cloud = pulumi.Output.secret(values.apply(entry))
        self.register_outputs({})


def _endpoints(urls: Mapping[str, str]) -> Endpoints:
    known = Endpoints()
    if not {"compute", "image"} <= urls.keys():
        return known
    return Endpoints.from_catalog(urls["compute"], urls["image"], urls.get("block_storage", known.block_storage))


def _digest(rules: Sequence[AccessRule], rotation: int) -> str:
    text = json.dumps([[rule.service, rule.method, rule.path] for rule in rules] + [[str(rotation)]])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
