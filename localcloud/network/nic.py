"""A network interface of a server: Nova's information about a port, in our own format."""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from localcloud.network import names


@dataclass(frozen=True)
class NicSubnet:
    """A subnet of the port's network in which the port has an address.

    Attributes:
        cidr: ``10.0.0.0/24``.
        gateway: its gateway's address, empty for none. On this cloud it is the bridge's own address.
        addresses: the port's fixed addresses in it.
        dns: name servers for nodes.
    """

    cidr: str
    gateway: str
    addresses: tuple[str, ...]
    dns: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_network(self.cidr).version

    @property
    def prefix_length(self) -> int:
        """24 for a /24."""
        return ipaddress.ip_network(self.cidr).prefixlen


@dataclass(frozen=True)
class Nic:
    """One port as a server sees it.

    Attributes:
        port_id: Neutron's id.
        network_id: Neutron's id of the network, which names the bridge.
        mac: the MAC address from Neutron.
        device: its name in the server: ``eth0``.
        mtu: bytes.
        subnets: its subnets, with at least one address each.
    """

    port_id: str
    network_id: str
    mac: str
    device: str
    mtu: int
    subnets: tuple[NicSubnet, ...]

    @property
    def bridge(self) -> str:
        """The bridge that it is plugged into."""
        return names.bridge(self.network_id)

    @property
    def host_end(self) -> str:
        """The veth end on the host."""
        return names.port(self.port_id)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every fixed address."""
        return tuple(address for subnet in self.subnets for address in subnet.addresses)

    @classmethod
    def from_vif(cls, vif: Mapping[str, Any], device: str) -> Self:
        """Read one of Nova's VIFs (``nova.network.model.VIF``, which is a dictionary)."""
        network = vif["network"]
        subnets = tuple(
            NicSubnet(
                cidr=str(subnet["cidr"]),
                gateway=(subnet.get("gateway") or {}).get("address") or "",
                addresses=tuple(ip["address"] for ip in subnet["ips"]),
                dns=tuple(ip["address"] for ip in subnet.get("dns") or []),
            )
            for subnet in network["subnets"]
            if subnet["ips"]
        )
        mtu = int(network.get("meta", {}).get("mtu") or 1500)
        return cls(vif["id"], network["id"], vif["address"], device, mtu, subnets)

    def as_dict(self) -> dict[str, Any]:
        """The interface as a JSON object."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        subnets = tuple(
            NicSubnet(subnet["cidr"], subnet["gateway"], tuple(subnet["addresses"]), tuple(subnet["dns"]))
            for subnet in values["subnets"]
        )
        return cls(**{**values, "subnets": subnets})


def next_device(used: set[str]) -> str:
    """The first free name of an interface in a server: ``eth0``, ``eth1``, ..."""
    return next(name for name in (f"eth{number}" for number in range(len(used) + 1)) if name not in used)


def networkd_text(nic: Nic, *, default_route: bool) -> str:
    """The systemd-networkd configuration of a server's interface, from Neutron's data.

    Args:
        nic: the interface.
        default_route: whether its gateways are the server's; true only for the first interface, as with DHCP agents.
    """
    lines = ["[Match]", f"MACAddress={nic.mac}", "[Link]", f"MTUBytes={nic.mtu}", "[Network]"]
    version6 = any(subnet.version == 6 for subnet in nic.subnets)
    lines += [f"LinkLocalAddressing={'ipv6' if version6 else 'no'}", "IPv6AcceptRA=no"]
    for subnet in nic.subnets:
        lines += [f"Address={address}/{subnet.prefix_length}" for address in subnet.addresses]
        if default_route and subnet.gateway:
            lines.append(f"Gateway={subnet.gateway}")
        lines += [f"DNS={address}" for address in subnet.dns]
    return "\n".join(lines) + "\n"
