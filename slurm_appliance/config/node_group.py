"""Node groups: which nodes there are and what each is made of."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from slurm_appliance.config.compute_init import ComputeInitEntry
from slurm_appliance.config.hostlist import expand
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.network import (
    NEW_PORTS,
    BindingProfiles,
    ExistingPorts,
    FixedAddresses,
    NetworkReference,
    VnicTypes,
)
from slurm_appliance.config.policy import LIVE, READDRESSED, REBUILD, REPLACE, RERUN_PLAYBOOK, RETYPED, Consequence
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    CloudConfig,
    CloudName,
    Flag,
    Gigabytes,
    GroupName,
    Hostlist,
    IpAddress,
    Key,
    Line,
    NodeNameTemplate,
    Uuid,
    VariableName,
)

_RESIZED = Consequence("Nova resizes the servers: each is shut down and started again; disks and addresses stay.")
_FROM_NOW_ON = Consequence("No server changes. Switched off, the next up rebuilds nodes whose image is not the target.")
_AT_BOOT = Consequence("Written to the servers' metadata; nodes apply it at their next first boot.")

#: As written, c-[0-15] for sixteen; as read, all of them.
NodeNames = Annotated[tuple[Hostlist, ...], AfterValidator(expand)]
CloudConfigVariables = Annotated[Mapping[VariableName, Line], Keyed("variable", "zone")]


class ServerGroupPolicy(StrEnum):
    """How Nova spreads the servers of a group over hypervisors."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti-affinity"
    SOFT_AFFINITY = "soft-affinity"
    SOFT_ANTI_AFFINITY = "soft-anti-affinity"


class SharedServerGroup(Section):
    """A server group that several groups of nodes are in."""

    policy: Annotated[ServerGroupPolicy, REPLACE] = Field(
        description="Policy of the server group.", examples=["soft-anti-affinity"]
    )


class ExtraVolume(Section):
    """A volume that each node gets. An entry of filesystems mounts it, and formats it where it is blank."""

    size: Annotated[Gigabytes | None, LIVE] = Field(
        None, description="Size in GB. Not set: the volume CLUSTER-NODE-NAME exists already.", examples=[200]
    )
    volume_type: Annotated[CloudName | None, LIVE, RETYPED] = Field(
        None, description="Volume type. Not set: the cloud's default.", examples=["ssd"]
    )


class NodeGroupConfig(Section):
    """Nodes that are alike."""

    nodes: Annotated[NodeNames, REPLACE] = Field(
        description="Names of the nodes; c-[0-15] stands for sixteen. A new name is a new node, other nodes are left "
        "alone; a removed name is a deleted node.",
        examples=[["c-[0-1]"]],
    )
    flavor: Annotated[CloudName, REBUILD, _RESIZED] = Field(
        description="Nova flavor of the nodes.", examples=["m1.large"]
    )
    image: Annotated[ImageSource | None, REBUILD] = Field(
        None,
        description="Image of this group: an id, a name, or {build: NAME}. Not set: the cluster's.",
        examples=["slurm-2026-11"],
    )
    image_id: Annotated[Uuid | None, REBUILD] = Field(
        None,
        description="The same by id only: the name that users of the reference appliance know.",
        examples=["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"],
    )
    extra_networks: Annotated[tuple[NetworkReference, ...], REPLACE] = Field(
        (), description="Networks beside cluster_networks.", examples=[[{"network": "storage"}]]
    )
    vnic_types: Annotated[VnicTypes, LIVE, NEW_PORTS] = Field(
        {}, description="Type of the ports by network; goes before the cluster's.", examples=[{"storage": "direct"}]
    )
    vnic_profiles: Annotated[BindingProfiles, LIVE, NEW_PORTS] = Field(
        {},
        description="Binding profiles of the ports by network; go before the cluster's.",
        examples=[{"storage": '{"capabilities": ["switchdev"]}'}],
    )
    ip_addresses: Annotated[
        Mapping[CloudName, tuple[IpAddress, ...]], Keyed("network", "cluster"), LIVE, READDRESSED
    ] = Field(
        {},
        description="Fixed addresses by network, one for each node in the order of nodes.",
        examples=[{"cluster": ["10.20.0.20", "10.20.0.21"]}],
    )
    port_ids: Annotated[Mapping[CloudName, tuple[Uuid, ...]], Keyed("network", "cluster"), REPLACE] = Field(
        {},
        description="Ids of existing ports by network, one for each node in the order of nodes. Their addresses, types "
        "and security groups are theirs; they are neither changed nor deleted.",
        examples=[{"cluster": ["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11", "5b0d8c1e-2f4a-4c63-8e1d-7a9f3b2c4d55"]}],
    )
    gateway_ip: Annotated[IpAddress | None, LIVE, _AT_BOOT] = Field(
        None, description="Default gateway set at boot. Not set: the cluster's.", examples=["10.20.0.1"]
    )
    nodename_template: Annotated[NodeNameTemplate | None, REPLACE] = Field(
        None,
        description="Fully qualified name of a node. Not set: cluster_nodename_template.",
        examples=["${node}.${cluster_name}.${cluster_domain_suffix}"],
    )
    availability_zone: Annotated[CloudName | None, REPLACE] = Field(
        None, description="Availability zone. Not set: Nova's choice.", examples=["nova"]
    )
    hypervisor_hostname: Annotated[CloudName | None, REPLACE] = Field(
        None,
        description="Hypervisor of the nodes, as Nova calls it. Needs an admin's rights.",
        examples=["hypervisor-12.example.org"],
    )
    match_ironic_node: Annotated[Flag, REPLACE] = Field(
        False, description="Place each node on the bare-metal node of the same name. Needs an admin's rights."
    )
    server_group_id: Annotated[Uuid | None, REPLACE] = Field(
        None, description="Id of an existing server group.", examples=["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"]
    )
    server_group_policy: Annotated[ServerGroupPolicy | None, REPLACE] = Field(
        None, description="Create a server group with this policy.", examples=["soft-anti-affinity"]
    )
    server_group: Annotated[Key | None, REPLACE] = Field(
        None, description="One of server_groups, which several groups share.", examples=["infrastructure"]
    )
    volume_backed_instances: Annotated[Flag | None, REPLACE] = Field(
        None, description="Boot from volumes. Not set: the cluster's setting.", examples=[True]
    )
    root_volume_size: Annotated[Gigabytes | None, REPLACE] = Field(
        None, description="Size of the root volumes in GB. Not set: the cluster's setting.", examples=[60]
    )
    root_volume_type: Annotated[CloudName | None, REPLACE] = Field(
        None, description="Type of the root volumes. Not set: the cluster's setting.", examples=["ssd"]
    )
    extra_volumes: Annotated[Mapping[Key, ExtraVolume], Keyed("volume", "scratch"), LIVE] = Field(
        {}, description="More volumes for each node.", examples=[{"scratch": {"size": 200}}]
    )
    additional_cloud_config: Annotated[CloudConfig | None, REPLACE] = Field(
        None,
        description="Cloud-config added to the nodes' user data. Not set: the cluster's.",
        examples=["timezone: Europe/Berlin\n"],
    )
    additional_cloud_config_vars: Annotated[CloudConfigVariables, REPLACE] = Field(
        {}, description="What ${NAME} in it stands for.", examples=[{"zone": "Europe/Berlin"}]
    )


class AccessibleGroup(NodeGroupConfig):
    """A group that people outside may reach: login nodes, and whatever stands beside the cluster."""

    fip_addresses: Annotated[tuple[IpAddress, ...], LIVE] = Field(
        (),
        description="Existing floating IPs, one for each node in the order of nodes; may be fewer.",
        examples=[["203.0.113.10"]],
    )
    fip_pool: Annotated[CloudName | None, LIVE] = Field(
        None,
        description="External network that nodes without an address in fip_addresses get new floating IPs from. They "
        "are released with their nodes.",
        examples=["external"],
    )
    fip_network: Annotated[CloudName | None, LIVE] = Field(
        None, description="Network of the ports that get them. Needed with more than one network.", examples=["cluster"]
    )
    security_group_ids: Annotated[tuple[Uuid, ...] | None, LIVE] = Field(
        None,
        description="Ids of the security groups. Not set: the cluster's.",
        examples=[["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"]],
    )


class LoginGroup(AccessibleGroup):
    """Login nodes."""


class AdditionalGroup(AccessibleGroup):
    """Nodes beside the cluster that run no Slurm daemon."""


class ComputeGroup(NodeGroupConfig):
    """Compute nodes."""

    compute_init_enable: Annotated[tuple[ComputeInitEntry, ...] | None, RERUN_PLAYBOOK] = Field(
        None,
        description="What the nodes set up by themselves when they boot. Not set: all of it. compute is Slurm itself "
        "and always needed; nhc follows from features.nhc. Roles of the site's own layer can declare more entries.",
        examples=[["compute", "etc_hosts", "nfs", "basic_users"]],
    )
    ignore_image_changes: Annotated[Flag, LIVE, _FROM_NOW_ON] = Field(
        False,
        description="Leave running nodes alone when their image changes; Slurm re-images them when it reboots them.",
    )


class NodeGroupsConfig(Section):
    """Nodes. The control node is one of a kind; all others come in groups."""

    control_node_flavor: Annotated[CloudName, REBUILD, _RESIZED] = Field(
        description="Nova flavor of the control node.", examples=["m1.large"]
    )
    control_ip_addresses: Annotated[FixedAddresses, LIVE, READDRESSED] = Field(
        {}, description="Fixed addresses of the control node by network.", examples=[{"cluster": "10.20.0.10"}]
    )
    control_port_ids: Annotated[ExistingPorts, REPLACE] = Field(
        {},
        description="Ids of existing ports of the control node by network. Their addresses, types and security groups "
        "are theirs; they are neither changed nor deleted.",
        examples=[{"cluster": "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"}],
    )
    control_server_group_id: Annotated[Uuid | None, REPLACE] = Field(
        None,
        description="Id of an existing server group for the control node.",
        examples=["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"],
    )
    control_hypervisor_hostname: Annotated[CloudName | None, REPLACE] = Field(
        None,
        description="Hypervisor of the control node, as Nova calls it. Needs an admin's rights.",
        examples=["hypervisor-12.example.org"],
    )
    control_server_group: Annotated[Key | None, REPLACE] = Field(
        None, description="One of server_groups, for the control node.", examples=["infrastructure"]
    )
    control_extra_networks: Annotated[tuple[NetworkReference, ...], REPLACE] = Field(
        (),
        description="Networks of the control node alone, beside cluster_networks.",
        examples=[[{"network": "storage"}]],
    )
    control_security_group_ids: Annotated[tuple[Uuid, ...] | None, LIVE] = Field(
        None,
        description="Ids of the control node's security groups. Not set: those of all nodes but login nodes.",
        examples=[["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"]],
    )
    control_volume_backed: Annotated[Flag | None, REPLACE] = Field(
        None, description="Boot the control node from a volume. Not set: volume_backed_instances.", examples=[True]
    )
    control_root_volume_size: Annotated[Gigabytes | None, REPLACE] = Field(
        None, description="Size of the control node's root volume in GB. Not set: root_volume_size.", examples=[80]
    )
    control_root_volume_type: Annotated[CloudName | None, REPLACE] = Field(
        None, description="Type of the control node's root volume. Not set: root_volume_type.", examples=["ssd"]
    )
    server_groups: Annotated[Mapping[Key, SharedServerGroup], Keyed("server_group", "infrastructure"), REPLACE] = Field(
        {}, description="Server groups that the cluster creates, by name, for several groups of nodes."
    )
    control_extra_volumes: Annotated[Mapping[Key, ExtraVolume], Keyed("volume", "scratch"), LIVE] = Field(
        {},
        description="More volumes of the control node. Those that the cluster creates are protected, and stay when the "
        "cluster is destroyed.",
        examples=[{"scratch": {"size": 500}}],
    )
    login: Annotated[Mapping[GroupName, LoginGroup], Keyed("group", "entry"), REPLACE] = Field(
        {}, description="Login node groups by name."
    )
    compute: Annotated[Mapping[GroupName, ComputeGroup], Keyed("group", "general"), REPLACE] = Field(
        {}, description="Compute node groups by name."
    )
    additional_nodegroups: Annotated[Mapping[GroupName, AdditionalGroup], Keyed("group", "squid"), REPLACE] = Field(
        {},
        description="Groups of other nodes by name: in the inventory, but without Slurm.",
        examples=[{"squid": {"nodes": ["squid-0"], "flavor": "m1.small"}}],
    )
    volume_backed_instances: Annotated[Flag, REPLACE] = Field(False, description="Boot nodes from volumes.")
    root_volume_size: Annotated[Gigabytes, REPLACE] = Field(40, description="Size of root volumes in GB.")
    root_volume_type: Annotated[CloudName | None, REPLACE] = Field(
        None, description="Type of root volumes. Not set: the cloud's default.", examples=["ssd"]
    )
    config_drive: Annotated[Flag | None, REPLACE] = Field(
        None, description="Give nodes a config drive. Not set: the cloud's default.", examples=[True]
    )
    additional_cloud_config: Annotated[CloudConfig | None, REPLACE] = Field(
        None,
        description="Cloud-config added to the user data of all nodes. bootcmd, fqdn and mounts are ours.",
        examples=["timezone: ${zone}\n"],
    )
    additional_cloud_config_vars: Annotated[CloudConfigVariables, REPLACE] = Field(
        {}, description="What ${NAME} in it stands for.", examples=[{"zone": "Europe/Berlin"}]
    )
