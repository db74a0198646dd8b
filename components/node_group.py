"""Similar nodes: their ports, servers, extra volumes and floating IPs.

There is one component per group, not per node: a component costs as much as a resource, and a cluster may have a
thousand nodes. Names come from the nodes, never from positions in a list, so adding, removing or reordering nodes
affects no others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_openstack import blockstorage, compute, networking

from components import options
from components.kind import token
from components.network import NodeNetwork
from components.storage import ControlVolume
from slurm_appliance.cloud.metadata import server_metadata
from slurm_appliance.config import Node, NodeKind
from slurm_appliance.config.image_users import OnImageChange
from slurm_appliance.config.naming import environment
from slurm_appliance.config.network import NetworkReference, VnicType
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.nodes.user_data import FIRST_VERSION, LabelledVolume, user_data, version_of
from slurm_appliance.preflight import Resolved
from slurm_appliance.site.filesystems import mounted_volumes
from slurm_appliance.site.inventory import InventoryHost


@dataclass(frozen=True)
class NodeGroupArgs:
    """The inputs of a node group.

    Attributes:
        group: the settings.
        resolved: the IDs of the cloud's resources that the settings name.
        image: the nodes' target image; a plain string if it is known before anything runs.
        networks: all networks by name.
        security_groups: IDs of the security groups, for ports with port security.
        key_pair: name of the key pair.
        control_address: the control node's address on the access network; None for the control node itself.
        bundle_key: the public key that verifies its nodes' bundles; None for groups without bundles.
        volumes: the volumes that the control node mounts.
        server_groups: ids of the shared server groups, by name.
        hooks: what the engine asks before it changes or deletes a server; None for nothing.
    """

    group: Group
    resolved: Resolved
    image: pulumi.Input[str]
    networks: Mapping[str, NodeNetwork]
    security_groups: Sequence[pulumi.Input[str]]
    key_pair: pulumi.Input[str]
    control_address: pulumi.Input[str] | None = None
    bundle_key: pulumi.Input[str] | None = None
    volumes: Sequence[ControlVolume] = field(default=())
    hooks: pulumi.ResourceHookBinding | None = None
    server_groups: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class NodeGroup(pulumi.ComponentResource):
    """The nodes of one group.

    Attributes:
        servers: the servers by host name.
        ports: the ports that it creates, by host name and network.
        addresses: the addresses by host name and network: configured ones at once, others when Neutron has assigned
            them.
    """

    def __init__(self, name: str, args: NodeGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("NodeGroup"), name, {}, opts)
        self._args = args
        self.servers: dict[str, compute.Instance] = {}
        self.ports: dict[tuple[str, str], networking.Port] = {}
        self.addresses: dict[tuple[str, str], pulumi.Input[str]] = {}
        self._port_ids: dict[tuple[str, str], pulumi.Input[str]] = {}
        self._volume_ids: dict[tuple[str, str], pulumi.Input[str]] = {}
        server_group_id = self._server_group()
        # Equal for all nodes, and expensive to compute.
        self._port_options = options.port_options(self)
        self._mark = cloud_names.mark(args.group.config)
        self._boot_needs = list(dict.fromkeys(r for network in args.networks.values() for r in network.connected))
        for index, node in enumerate(args.group.nodes):
            for network in args.group.networks:
                self._port(node, index, network)
            self.servers[node.hostname] = self._server(node, server_group_id)
            self._extra_volumes(node)
        self._floating: dict[str, pulumi.Input[str]] = {
            node.hostname: address for node, address in zip(args.group.nodes, args.group.floating_ips, strict=False)
        }
        if args.group.floating_pool is not None:
            for node in args.group.nodes[len(args.group.floating_ips) :]:
                self._floating[node.hostname] = self._new_floating_ip(node, args.group.floating_pool)
        for node in args.group.nodes:
            if node.hostname in self._floating:
                self._floating_ip(node, self._floating[node.hostname])
        self.register_outputs({})

    @property
    def kind(self) -> NodeKind:
        """The role of its nodes."""
        return self._args.group.kind

    @property
    def access_address(self) -> pulumi.Input[str]:
        """The address of the group's first node on the access network."""
        return self.addresses[self._args.group.nodes[0].hostname, self._args.group.access_network]

    def hosts(self) -> pulumi.Output[tuple[InventoryHost, ...]]:
        """The nodes as inventory entries."""
        group = self._args.group
        networks = [network.network for network in group.networks]
        volumes = mounted_volumes(group.config, group.kind, group.name)
        values: list[pulumi.Input[str]] = [self._args.image]
        for node in group.nodes:
            values.append(self.servers[node.hostname].id)
            values += [self.addresses[node.hostname, network] for network in networks]
            values += [self._volume_ids[node.hostname, volume] for volume in volumes]
            values += [self._floating[node.hostname]] if node.hostname in self._floating else []

        def build(known: Sequence[Any]) -> tuple[InventoryHost, ...]:
            image, rest = known[0], iter(known[1:])
            return tuple(
                InventoryHost(
                    name=node.hostname,
                    kind=node.kind,
                    group=group.name,
                    fqdn=node.fqdn,
                    instance_id=next(rest),
                    image_id=image,
                    addresses={network: next(rest) for network in networks},
                    access_network=group.access_network,
                    volumes={volume: next(rest) for volume in volumes},
                    floating_ip=next(rest) if node.hostname in self._floating else None,
                )
                for node in group.nodes
            )

        return pulumi.Output.all(*values).apply(build)

    def _server_group(self) -> pulumi.Input[str] | None:
        group = self._args.group
        if group.server_group is not None:
            return self._args.server_groups[group.server_group]
        if group.own is None:
            return group.config.control_server_group_id
        if group.own.server_group_policy is None:
            return group.own.server_group_id
        name = cloud_names.server_group(group.config, group.name)
        policy = group.own.server_group_policy.value
        return compute.ServerGroup(group.name, name=name, policies=policy, opts=options.child_options(self)).id

    def _port(self, node: Node, index: int, reference: NetworkReference) -> None:
        network = reference.network
        there, group = self._args.networks[network], self._args.group
        existing = group.existing_port(network, index)
        if existing is not None:
            self._port_ids[node.hostname, network] = existing
            self.addresses[node.hostname, network] = self._args.resolved.port_addresses[existing]
            return
        open_port = reference.no_security_groups or reference.no_port_security
        fixed, vnic_type = group.fixed_address(network, index), group.vnic_type(network)
        address = {"ip_address": fixed} if fixed else {}
        port = networking.Port(
            # Host names have no dots, so all pairs have different names.
            f"{node.hostname}.{network}",
            name=cloud_names.port(node, network),
            description=self._mark,
            network_id=there.network_id,
            fixed_ips=[networking.PortFixedIpArgs(subnet_id=there.subnet_id, **address)],
            no_security_groups=True if open_port else None,
            security_group_ids=None if open_port else self._args.security_groups,
            port_security_enabled=False if reference.no_port_security else None,
            binding=_binding(vnic_type, group.vnic_profile(network)),
            opts=self._port_options,
        )
        self.ports[node.hostname, network] = port
        self._port_ids[node.hostname, network] = port.id
        self.addresses[node.hostname, network] = fixed or port.all_fixed_ips.apply(there.address_of)

    def _server(self, node: Node, server_group_id: pulumi.Input[str] | None) -> compute.Instance:
        args, group = self._args, self._args.group
        metadata = server_metadata(
            environment(group.config),
            access_ip=self.addresses[node.hostname, group.access_network],
            control_address=args.control_address,
            gateway_ip=group.gateway_ip,
            bundle_key=args.bundle_key,
            state_dir=group.config.state_dir,
            roles=group.boot_roles,
            user_data_version=self._user_data_version(node),
        )
        return compute.Instance(
            node.hostname,
            name=node.hostname,
            flavor_id=args.resolved.flavors[group.flavor[0]],
            image_id=None if group.volume_backed else args.image,
            block_devices=[self._boot_volume()] if group.volume_backed else None,
            key_pair=args.key_pair,
            networks=[
                compute.InstanceNetworkArgs(port=self._port_ids[node.hostname, network.network])
                for network in group.networks
            ],
            metadata=metadata,
            user_data=self._user_data(node),
            config_drive=group.config.config_drive,
            availability_zone=self._zone(node),
            hypervisor_hostname=group.hypervisor,
            scheduler_hints=None
            if server_group_id is None
            else [compute.InstanceSchedulerHintArgs(group=server_group_id)],
            opts=options.server_options(
                self, ignored=self._ignored(node), depends_on=self._boot_needs, hooks=args.hooks
            ),
        )

    def _boot_volume(self) -> compute.InstanceBlockDeviceArgs:
        group = self._args.group
        return compute.InstanceBlockDeviceArgs(
            uuid=self._args.image,
            source_type="image",
            destination_type="volume",
            boot_index=0,
            volume_size=group.root_volume_size,
            volume_type=group.root_volume_type,
            delete_on_termination=True,
        )

    def _ignored(self, node: Node) -> list[str]:
        """Changes to ignore: the image, if the group is configured so or the server already runs the target.

        The second case follows a rebuild by Slurm: the state still has the old image, and the provider would rebuild a
        node that is up to date.
        """
        group, image = self._args.group, self._args.image
        running = self._args.resolved.servers.get(node.hostname)
        up_to_date = running is not None and isinstance(image, str) and running.image_id == image
        if group.on_image_change is not OnImageChange.LEAVE_TO_SLURM and not up_to_date:
            return []
        return options.image_paths(
            volume_backed=group.volume_backed, was_volume_backed=running.volume_backed if running else None
        )

    def _zone(self, node: Node) -> str | None:
        own = self._args.group.own
        if own is None:
            return None
        if own.match_ironic_node:
            return f"{own.availability_zone or 'nova'}::{self._args.resolved.bare_metal[node.name]}"
        return own.availability_zone

    def _user_data_version(self, node: Node) -> int:
        """Only nodes with volumes have one: the user data of other nodes has no versioned part."""
        return version_of(self._args.resolved.servers.get(node.hostname)) if self._args.volumes else FIRST_VERSION

    def _user_data(self, node: Node) -> pulumi.Input[str]:
        text, variables = self._args.group.cloud_config
        volumes, version = self._args.volumes, self._user_data_version(node)

        def write(ids: Sequence[str]) -> str:
            mounted = [LabelledVolume(id_, v.label, v.mount_point) for id_, v in zip(ids, volumes, strict=True)]
            return user_data(node.fqdn, volumes=mounted, version=version, additional=text, variables=variables)

        return _with_known([volume.volume_id for volume in volumes], write)

    def _extra_volumes(self, node: Node) -> None:
        args, config = self._args, self._args.group.config
        server = self.servers[node.hostname]
        for name, wanted in args.group.extra_volumes.items():
            cloud_name = cloud_names.extra_volume(config, node, name)
            resource_name = f"{node.hostname}.{name}"
            if wanted.size is None:
                volume_id: pulumi.Input[str] = args.resolved.volumes[cloud_name]
            else:
                volume_id = blockstorage.Volume(
                    resource_name,
                    name=cloud_name,
                    description=self._mark,
                    size=wanted.size,
                    volume_type=wanted.volume_type,
                    enable_online_resize=True,
                    opts=options.volume_options(self)
                    if args.group.own
                    else options.kept_options(self, hooks=args.hooks),
                ).id
            self._volume_ids[node.hostname, name] = volume_id
            compute.VolumeAttach(
                resource_name,
                instance_id=server.id,
                volume_id=volume_id,
                opts=options.attachment_options(self, server),
            )

    def public_address(self, node: Node) -> pulumi.Input[str] | None:
        """A node's floating IP; None without one."""
        return self._floating.get(node.hostname)

    def _new_floating_ip(self, node: Node, pool: str) -> pulumi.Input[str]:
        made = networking.FloatingIp(
            node.hostname,
            pool=pool,
            description=self._mark,
            opts=options.child_options(self, depends_on=self._boot_needs),
        )
        return made.address

    def _floating_ip(self, node: Node, address: pulumi.Input[str]) -> None:
        networking.FloatingIpAssociate(
            node.hostname,
            floating_ip=address,
            port_id=self._port_ids[node.hostname, self._args.group.floating_network],
            opts=options.child_options(self, depends_on=self._boot_needs),
        )


def _binding(vnic_type: VnicType, profile: str | None) -> networking.PortBindingArgs | None:
    if vnic_type is VnicType.NORMAL and profile is None:
        return None
    return networking.PortBindingArgs(
        vnic_type=None if vnic_type is VnicType.NORMAL else vnic_type.value, profile=profile
    )


def _with_known(inputs: Sequence[pulumi.Input[str]], write: Callable[[Sequence[str]], str]) -> pulumi.Input[str]:
    """The result of ``write``: computed at once if all inputs are plain strings, so that a preview knows it."""
    plain = [value for value in inputs if isinstance(value, str)]
    if len(plain) == len(inputs):
        return write(plain)
    return pulumi.Output.all(*inputs).apply(write)
