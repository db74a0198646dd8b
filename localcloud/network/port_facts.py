"""The facts behind a port's filter, from Neutron; one JSON file per port and per security group.

The mechanism driver writes the files, so that the filter can be restored without Neutron, for instance after a reboot.
"""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self


@dataclass(frozen=True)
class AddressPair:
    """An address that a port may use as its source.

    Attributes:
        mac: with this source MAC.
        address: an address or a range in CIDR form.
    """

    mac: str
    address: str

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_network(self.address, strict=False).version

    @property
    def single(self) -> str:
        """The address, or empty for a range."""
        network = ipaddress.ip_network(self.address, strict=False)
        return str(network.network_address) if network.num_addresses == 1 else ""


@dataclass(frozen=True)
class PortFacts:
    """One port.

    Attributes:
        port_id: Neutron's id.
        mac: its MAC address.
        addresses: its fixed addresses.
        pairs: its allowed address pairs.
        groups: ids of its security groups.
        secured: whether port security is on; without it nothing is filtered.
    """

    port_id: str
    mac: str
    addresses: tuple[str, ...]
    pairs: tuple[AddressPair, ...] = ()
    groups: tuple[str, ...] = ()
    secured: bool = True

    @property
    def sources(self) -> tuple[AddressPair, ...]:
        """All MACs and addresses that it may use as its source."""
        return (*(AddressPair(self.mac, address) for address in self.addresses), *self.pairs)

    @classmethod
    def from_port(cls, port: Mapping[str, Any]) -> Self:
        """Read a port from Neutron's API."""
        return cls(
            port_id=port["id"],
            mac=port["mac_address"],
            addresses=tuple(ip["ip_address"] for ip in port["fixed_ips"]),
            pairs=tuple(
                AddressPair(pair.get("mac_address") or port["mac_address"], str(pair["ip_address"]))
                for pair in port.get("allowed_address_pairs") or []
            ),
            groups=tuple(port.get("security_groups") or []),
            secured=bool(port.get("port_security_enabled", True)),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        pairs = tuple(AddressPair(**pair) for pair in values["pairs"])
        lists = {name: tuple(values[name]) for name in ("addresses", "groups")}
        return cls(**{**values, **lists, "pairs": pairs})


@dataclass(frozen=True)
class GroupRule:
    """One rule of a security group: traffic that is allowed.

    Attributes:
        direction: ``ingress`` to the port or ``egress`` from it.
        version: 4 or 6.
        protocol: ``tcp``, ``udp``, ``icmp``, ``icmpv6``, a number, or empty for any.
        first: lowest destination port, or the ICMP type; None for any.
        last: highest destination port, or the ICMP code; None for any.
        remote: the other side's range in CIDR form, empty for any.
        remote_group: id of the security group that the other side must be in, empty for any.
    """

    direction: Literal["ingress", "egress"]
    version: int
    protocol: str = ""
    first: int | None = None
    last: int | None = None
    remote: str = ""
    remote_group: str = ""

    @classmethod
    def from_rule(cls, rule: Mapping[str, Any]) -> Self:
        """Read a rule from Neutron's API."""
        protocol = str(rule["protocol"] or "").lower()
        version = 6 if rule["ethertype"] == "IPv6" else 4
        if protocol in ("icmp", "ipv6-icmp", "icmpv6", "1", "58"):
            protocol = "icmpv6" if version == 6 else "icmp"
        return cls(
            direction=rule["direction"],
            version=version,
            protocol={"6": "tcp", "17": "udp", "any": "", "0": ""}.get(protocol, protocol),
            first=rule["port_range_min"],
            last=rule["port_range_max"],
            remote=str(rule["remote_ip_prefix"] or ""),
            remote_group=rule["remote_group_id"] or "",
        )


@dataclass(frozen=True)
class GroupFacts:
    """One security group.

    Attributes:
        group_id: Neutron's id.
        rules: its rules.
    """

    group_id: str
    rules: tuple[GroupRule, ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        return cls(values["group_id"], tuple(GroupRule(**rule) for rule in values["rules"]))


def save(facts: PortFacts | GroupFacts, file: Path) -> None:
    """Write facts atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(facts)))
    fresh.replace(file)


def load_port(file: Path) -> PortFacts | None:
    """A port's facts, or None if its file is missing."""
    try:
        return PortFacts.from_dict(json.loads(file.read_text()))
    except FileNotFoundError:
        return None


def load_group(file: Path) -> GroupFacts | None:
    """A group's facts, or None if its file is missing."""
    try:
        return GroupFacts.from_dict(json.loads(file.read_text()))
    except FileNotFoundError:
        return None
