"""Networks, existing or created, and what ports on them look like."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import LIVE, READDRESSED, REPLACE, Consequence
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import BindingProfile, Cidr, CloudName, Flag, IpAddress, Mtu, Uuid


class VnicType(StrEnum):
    """Neutron's binding:vnic_type."""

    NORMAL = "normal"
    DIRECT = "direct"
    DIRECT_PHYSICAL = "direct-physical"
    MACVTAP = "macvtap"
    BAREMETAL = "baremetal"
    VIRTIO_FORWARDER = "virtio-forwarder"
    SMART_NIC = "smart-nic"
    VDPA = "vdpa"
    REMOTE_MANAGED = "remote-managed"
    ACCELERATOR_DIRECT = "accelerator-direct"
    ACCELERATOR_DIRECT_PHYSICAL = "accelerator-direct-physical"


class Ipv6Mode(StrEnum):
    """How nodes learn their IPv6 addresses: the subnet's ipv6_ra_mode and ipv6_address_mode in Neutron."""

    SLAAC = "slaac"
    DHCPV6_STATEFUL = "dhcpv6-stateful"
    DHCPV6_STATELESS = "dhcpv6-stateless"


_LEARNED = Consequence("Changed on the subnet in place; nodes learn it when they boot, or renew their DHCP lease.")


class NetworkCreation(Section):
    """What a network that the cluster creates for itself looks like."""

    cidr: Annotated[Cidr, REPLACE] = Field(description="Address range of its subnet.", examples=["10.20.0.0/22"])
    gateway_ip: Annotated[IpAddress | None, LIVE, _LEARNED] = Field(
        None, description="Gateway of the subnet. Not set: the first address.", examples=["10.20.0.1"]
    )
    dns_nameservers: Annotated[tuple[IpAddress, ...], LIVE] = Field(
        (), description="Name servers of the subnet.", examples=[["10.20.0.2"]]
    )
    external_network: Annotated[CloudName | None, LIVE] = Field(
        None, description="External network to connect to through a router. Not set: no router.", examples=["external"]
    )
    dhcp: Annotated[Flag, LIVE] = Field(True, description="DHCP on the subnet.")
    ipv6_mode: Annotated[Ipv6Mode | None, REPLACE] = Field(
        None,
        description="How nodes learn their addresses on an IPv6 subnet: from the router's advertisements (slaac), or "
        "from DHCPv6. It needs a router (external_network). Not set: the router does not advertise the subnet.",
        examples=["slaac"],
    )
    mtu: Annotated[Mtu | None, LIVE] = Field(
        None, description="MTU of the network. Not set: the cloud's.", examples=[8950]
    )


#: The type of a port that exists is left alone: what else its binding says is the cloud's.
NEW_PORTS = Consequence(
    "Ports that exist stay as they are: nodes that are created, or created anew, from now on have it."
)


class NetworkReference(Section):
    """An existing network that nodes have a port on."""

    network: Annotated[CloudName, REPLACE] = Field(description="Name of the network.", examples=["cluster"])
    subnet: Annotated[CloudName | None, LIVE, READDRESSED] = Field(
        None,
        description="Name of the subnet. Not set: the network's only one.",
        examples=["cluster"],
    )
    no_port_security: Annotated[Flag, LIVE] = Field(
        False,
        description="Switch port security off on ports here: no security groups, and any address. On the access "
        "network, nodes could then read what is meant for others.",
    )
    no_security_groups: Annotated[Flag, LIVE] = Field(
        False, description="No security groups on ports here, for networks with port security off."
    )


class NetworkConfig(NetworkReference):
    """A network that nodes have a port on: an existing one, or one that is created."""

    create: Annotated[NetworkCreation | None, REPLACE] = Field(
        None,
        description="Create network and subnet; a subnet without a name gets the network's. Not set: they exist.",
    )


VnicTypes = Annotated[Mapping[CloudName, VnicType], Keyed("network", "cluster")]
BindingProfiles = Annotated[Mapping[CloudName, BindingProfile], Keyed("network", "cluster")]
FixedAddresses = Annotated[Mapping[CloudName, IpAddress], Keyed("network", "cluster")]
ExistingPorts = Annotated[Mapping[CloudName, Uuid], Keyed("network", "cluster")]


class NetworksConfig(Section):
    """Networks."""

    cluster_networks: Annotated[tuple[NetworkConfig, ...], REPLACE] = Field(
        description="Networks that every node has a port on. The first is the access network: Ansible and the nodes "
        "among themselves use it.",
        examples=[[{"network": "cluster"}]],
    )
    vnic_types: Annotated[VnicTypes, LIVE, NEW_PORTS] = Field(
        {}, description="Type of the ports by network; normal where nothing is said.", examples=[{"cluster": "direct"}]
    )
    vnic_profiles: Annotated[BindingProfiles, LIVE, NEW_PORTS] = Field(
        {},
        description="Binding profiles of the ports by network, as JSON. Needs an admin's rights in most clouds.",
        examples=[{"cluster": '{"capabilities": ["switchdev"]}'}],
    )
    gateway_ip: Annotated[IpAddress | None, LIVE] = Field(
        None,
        description="Default gateway that nodes set at boot. Not set: what DHCP says.",
        examples=["10.20.0.1"],
    )
    login_security_groups: Annotated[tuple[CloudName, ...] | None, LIVE] = Field(
        None,
        description="Existing security groups of login nodes. Not set: one is created with the rules they need.",
        examples=[["default", "ssh"]],
    )
    nonlogin_security_groups: Annotated[tuple[CloudName, ...] | None, LIVE] = Field(
        None,
        description="Existing security groups of all other nodes. Not set: one is created with the rules they need.",
        examples=[["default"]],
    )
