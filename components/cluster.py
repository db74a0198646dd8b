"""The whole cluster: creates the parts in the order of their dependencies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_openstack import compute

from components import options
from components.credential import Credential, CredentialArgs
from components.environment import Environment, EnvironmentArgs
from components.image import cluster_images
from components.key_pair import key_pair_name
from components.kind import token
from components.network import Networks
from components.node_group import NodeGroup, NodeGroupArgs
from components.playbook import Site, SiteArgs
from components.protection import protection
from components.secrets import Rotations, Secrets
from components.security_groups import SecurityGroups
from components.shares import MadeShare, Shares
from components.storage import Storage
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.deployment.recorded_settings import OUTPUT, recorded_settings
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group, groups
from slurm_appliance.preflight import Resolved
from slurm_appliance.secrets.rotation import CREDENTIAL
from slurm_appliance.site.filesystems import key_variable, keys
from slurm_appliance.site.inventory import InventorySubnet


@dataclass(frozen=True)
class ClusterArgs:
    """The inputs of a cluster.

    Attributes:
        config: the configuration.
        resolved: what the names in it stand for in this cloud.
        folder: the environment's folder on the deploy host.
        public_key: the key to create the key pair from; None to use an existing pair.
        rotations: how often each secret was rotated.
        layer_digest: the digest of the site's own layer; None without one.
    """

    config: ClusterConfig
    resolved: Resolved
    folder: EnvironmentFolder
    public_key: str | None = None
    rotations: Rotations = field(default=lambda _name: 0)
    layer_digest: str | None = None


class Cluster(pulumi.ComponentResource):
    """A Slurm cluster on OpenStack.

    Attributes:
        control: the control node.
        groups: all other node groups by name.
        outputs: what the stack exports.
    """

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Cluster"), name, {}, opts)
        config = args.config
        child = pulumi.ResourceOptions(parent=self)
        self._args = args
        self._networks = Networks("networks", config, args.resolved, child)
        own_networks = {
            network.network: self._networks.by_name[network.network].network_id
            for network in config.cluster_networks
            if network.create is not None
        }
        built = cluster_images(args.resolved.builds, self, network=own_networks, depends_on=[self._networks])
        known = {source: id_ for source, id_ in args.resolved.images.items() if id_ is not None}
        self._images: dict[ImageSource, pulumi.Input[str]] = {**known, **built}
        self._security_groups = SecurityGroups("security-groups", config, args.resolved, child)
        self._key_pair = key_pair_name(config, args.public_key, self)
        secrets = Secrets("secrets", config, args.rotations, child)
        self._hooks = protection(config)
        storage = Storage("storage", config, args.resolved, child, secrets=[secrets], hooks=self._hooks)

        self._bundle_key = secrets.bundle_key

        self._server_groups = {
            name: compute.ServerGroup(
                name,
                name=cloud_names.server_group(config, name),
                policies=shared.policy.value,
                opts=options.child_options(self),
            ).id
            for name, shared in config.server_groups.items()
        }
        first, *others = groups(config)
        self.control = self._node_group(first, storage=storage)
        attachments = storage.attach(self.control.servers[first.nodes[0].hostname])
        address = self.control.access_address
        self.groups = {group.name: self._node_group(group, control_address=address) for group in others}

        everyone = [self.control, *self.groups.values()]
        values: dict[str, pulumi.Output[Any]] = {**secrets.values}
        rebuildable = [group for group in others if group.kind is NodeKind.COMPUTE and group.nodes]
        if config.features.rebuild and rebuildable:
            values["reboot_cloud"] = self._credential(rebuildable).cloud
        if config.proxy is not None and config.proxy.addresses_with_login is not None:
            values["proxy_with_login"] = pulumi.Output.secret(config.proxy.addresses_with_login)
        bind_password = config.identity.bind_password if config.identity is not None else None
        if bind_password is not None and not bind_password.encrypted:
            values["identity_bind_password"] = pulumi.Output.secret(bind_password.reveal())
        given = keys(config, args.resolved.shares)
        values |= {variable: pulumi.Output.secret(key) for variable, key in given.items()}
        shares = self._shares(child)
        values |= {key_variable(name): share.key for name, share in shares.items() if share.key is not None}
        folder = Environment(
            "environment",
            EnvironmentArgs(
                config=config,
                folder=args.folder,
                hosts=[group.hosts() for group in everyone],
                subnets=[
                    InventorySubnet(network.network, self._networks.by_name[network.network].cidr)
                    for network in first.networks
                ],
                values=values,
                certificates=args.resolved.certificates,
                locations={
                    **{name: share.location for name, share in args.resolved.shares.items()},
                    **{name: share.location for name, share in shares.items()},
                },
            ),
            child,
        )
        site = Site(
            "site",
            SiteArgs(
                folder=args.folder,
                here=folder.here,
                hosts=[group.hosts() for group in everyone if group.kind is not NodeKind.COMPUTE],
                reasons={**folder.digests, "volume_sizes": storage.sizes},
                layer_digest=args.layer_digest,
                depends_on=[
                    *folder.written,
                    *attachments,
                    *everyone,
                    *(rule for share in shares.values() for rule in share.rules),
                ],
                ssh_port=config.ssh.port,
            ),
            child,
        )
        self.outputs: dict[str, Any] = {
            "cluster_name": config.cluster_name,
            "control": address,
            "login": self._login_addresses(),
            "volumes": {volume.label: volume.volume_id for volume in storage.volumes},
            **({"shares": {name: share.share_id for name, share in shares.items()}} if shares else {}),
            "site": site.result,
        }
        self.register_outputs({OUTPUT: recorded_settings(config)})

    def _shares(self, opts: pulumi.ResourceOptions) -> Mapping[str, MadeShare]:
        config, networks = self._args.config, self._networks.by_name
        if not any(each.create is not None for each in config.filesystems.values()):
            return {}
        subnets = {name: network.cidr for name, network in networks.items()}
        return Shares("shares", config, self._args.resolved, subnets, opts, hooks=self._hooks).made

    def _credential(self, rebuildable: Sequence[Group]) -> Credential:
        return Credential(
            "rebuild",
            CredentialArgs(
                config=self._args.config,
                resolved=self._args.resolved,
                servers=[server.id for group in rebuildable for server in self.groups[group.name].servers.values()],
                rotation=self._args.rotations(CREDENTIAL),
                volume_backed=any(group.volume_backed for group in rebuildable),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def resources(self) -> list[pulumi.Resource]:
        """All ports and servers: the resources whose number grows with the cluster."""
        everyone = [self.control, *self.groups.values()]
        return [
            resource for group in everyone for of_kind in (group.ports, group.servers) for resource in of_kind.values()
        ]

    def _node_group(
        self,
        group: Group,
        *,
        control_address: pulumi.Input[str] | None = None,
        storage: Storage | None = None,
    ) -> NodeGroup:
        own = group.security_group_ids
        args = NodeGroupArgs(
            group=group,
            resolved=self._args.resolved,
            image=self._images[group.image],
            networks={network.network: self._networks.by_name[network.network] for network in group.networks},
            security_groups=self._security_groups.of(group.kind) if own is None else own,
            key_pair=self._key_pair,
            control_address=control_address,
            bundle_key=self._bundle_key if group.kind is NodeKind.COMPUTE else None,
            volumes=storage.volumes if storage else (),
            hooks=self._hooks,
            server_groups=self._server_groups,
        )
        return NodeGroup(group.name, args, pulumi.ResourceOptions(parent=self))

    def _login_addresses(self) -> list[pulumi.Input[str]]:
        """Where users log in: each login node's floating IP or, without one, its address."""
        found: list[pulumi.Input[str]] = []
        for group in groups(self._args.config):
            if group.kind is not NodeKind.LOGIN:
                continue
            made = self.groups[group.name]
            found += [
                made.public_address(node) or made.addresses[node.hostname, group.access_network] for node in group.nodes
            ]
        return found
