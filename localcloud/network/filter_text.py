"""The nftables text of ports and security groups: facts in, text out.

Frames are filtered on the bridges (family bridge), where traffic of both neighbours and the host passes:

- ``from_<port>``: only the port's own MAC, addresses and allowed pairs may be the source of frames, IP and ARP; no DHCP
  server, no router advertisement; then the egress rules of its security groups.
- ``to_<port>``: the ingress rules of its security groups.

Many kernels have no connection tracking for bridges, so replies are recognised without it: TCP segments that do not
open a connection pass (no connection exists without the segment that opens it); UDP passes back for three minutes after
the last datagram that passed in the other direction; ICMP errors and echo replies pass.
"""

import ipaddress
from collections.abc import Iterable, Sequence

from localcloud.network.names import PORT_PREFIX, TABLE, port
from localcloud.network.port_facts import AddressPair, GroupFacts, GroupRule, PortFacts

FAMILY = {4: "ip", 6: "ip6"}

#: The skeleton: maps to each port's chains. Idempotent.
BASE = f"""\
table bridge {TABLE} {{
    map from_port {{ type ifname : verdict; }}
    map to_port {{ type ifname : verdict; }}
    set flows4 {{ type inet_proto . ipv4_addr . inet_service . ipv4_addr . inet_service; size 65535; flags dynamic,timeout; timeout 3m; }}
    set flows6 {{ type inet_proto . ipv6_addr . inet_service . ipv6_addr . inet_service; size 65535; flags dynamic,timeout; timeout 3m; }}
    chain remember {{ }}
    chain answers {{ }}
    chain prerouting {{ type filter hook prerouting priority -300; policy accept; }}
    chain postrouting {{ type filter hook postrouting priority 0; policy accept; }}
}}
flush chain bridge {TABLE} remember
flush chain bridge {TABLE} answers
flush chain bridge {TABLE} prerouting
flush chain bridge {TABLE} postrouting
table bridge {TABLE} {{
    chain remember {{
        meta l4proto udp update @flows4 {{ meta l4proto . ip saddr . udp sport . ip daddr . udp dport }}
        meta l4proto udp update @flows6 {{ meta l4proto . ip6 saddr . udp sport . ip6 daddr . udp dport }}
        accept
    }}
    chain answers {{
        tcp flags & (syn | ack) != syn accept
        meta l4proto udp meta l4proto . ip daddr . udp dport . ip saddr . udp sport @flows4 accept
        meta l4proto udp meta l4proto . ip6 daddr . udp dport . ip6 saddr . udp sport @flows6 accept
        icmp type {{ echo-reply, destination-unreachable, time-exceeded, parameter-problem }} accept
        icmpv6 type {{ echo-reply, destination-unreachable, packet-too-big, time-exceeded, parameter-problem }} accept
        ip frag-off & 0x1fff != 0 accept
    }}
    chain prerouting {{
        iifname vmap @from_port
        iifname "{PORT_PREFIX}*" drop
    }}
    chain postrouting {{
        oifname vmap @to_port
        oifname "{PORT_PREFIX}*" drop
    }}
}}
"""  # noqa: E501 - nft takes a set's definition on one line as well as on several, and the lines are easier compared


def _key(identity: str) -> str:
    return identity.replace("-", "_")


def port_text(facts: PortFacts) -> str:
    """Text that creates or replaces a port's chains and directs its frames there. Its groups must exist."""
    key = _key(facts.port_id)
    rules = [*_anti_spoofing(facts), *_egress(facts)] if facts.secured else ["accept"]
    ingress = _ingress(facts) if facts.secured else ["accept"]
    lines = [f"table bridge {TABLE} {{ chain from_{key} {{ }}; chain to_{key} {{ }}; }}"]
    lines += [f"flush chain bridge {TABLE} {direction}_{key}" for direction in ("from", "to")]
    lines += [f"add rule bridge {TABLE} from_{key} {rule}" for rule in rules]
    lines += [f"add rule bridge {TABLE} to_{key} {rule}" for rule in ingress]
    lines += [
        f'add element bridge {TABLE} {direction}_port {{ "{port(facts.port_id)}" : goto {direction}_{key} }}'
        for direction in ("from", "to")
    ]
    return "\n".join(lines) + "\n"


def forget_port_text(facts: PortFacts) -> str:
    """Text that removes a port's chains, whether they exist or not."""
    key = _key(facts.port_id)
    lines = [f"table bridge {TABLE} {{ chain from_{key} {{ }}; chain to_{key} {{ }}; }}"]
    for direction in ("from", "to"):
        element = f'bridge {TABLE} {direction}_port {{ "{port(facts.port_id)}" : goto {direction}_{key} }}'
        lines += [f"add element {element}", f"delete element {element}"]
        lines += [f"flush chain bridge {TABLE} {direction}_{key}", f"delete chain bridge {TABLE} {direction}_{key}"]
    return "\n".join(lines) + "\n"


def _set(values: Iterable[str]) -> str:
    return "{ " + ", ".join(sorted(set(values))) + " }"


def _anti_spoofing(facts: PortFacts) -> list[str]:
    macs = _set([facts.mac, *(pair.mac for pair in facts.pairs)])
    rules = [
        f"ether saddr != {macs} drop",
        "ether type ip ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept",
        "udp sport 67 udp dport 68 drop",
        f"ether type arp arp saddr ether != {macs} drop",
        "ether type arp arp saddr ip 0.0.0.0 accept",
    ]
    sources = {version: [pair for pair in facts.sources if pair.version == version] for version in (4, 6)}
    if sources[4]:
        rules.append(f"ether type arp arp saddr ether . arp saddr ip {_pairs(sources[4])} accept")
    rules.append("ether type arp drop")
    rules.append(f"ether type ip ether saddr . ip saddr != {_pairs(sources[4])} drop" if sources[4] else _DROP_IP)
    rules.append("icmpv6 type { nd-router-advert, nd-redirect } drop")
    rules.append("icmpv6 type { nd-neighbor-solicit, mld-listener-report, mld2-listener-report } ip6 saddr :: accept")
    own6 = [*sources[6], *(AddressPair(mac, link_local(mac)) for mac in {facts.mac, *(p.mac for p in facts.pairs)})]
    rules.append(f"ether type ip6 ether saddr . ip6 saddr != {_pairs(own6)} drop")
    rules.append("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept")
    rules.append("ether type != { ip, ip6 } drop")
    return rules


_DROP_IP = "ether type ip drop"


def _pairs(pairs: Sequence[AddressPair]) -> str:
    """A set of MACs and addresses; nft rejects overlapping ranges, so they are merged."""
    by_mac: dict[str, list[str]] = {}
    for pair in pairs:
        by_mac.setdefault(pair.mac, []).append(pair.address)
    return _set(f"{mac} . {address}" for mac, addresses in by_mac.items() for address in merged(addresses))


def merged(addresses: Iterable[str]) -> list[str]:
    """Addresses and ranges of one version without contained ones; single addresses have no prefix length."""
    networks = [ipaddress.ip_network(address, strict=False) for address in addresses]
    version4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    version6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    kept: list[ipaddress.IPv4Network | ipaddress.IPv6Network]
    kept = [*ipaddress.collapse_addresses(version4), *ipaddress.collapse_addresses(version6)]
    return [str(network.network_address if network.num_addresses == 1 else network) for network in kept]


def link_local(mac: str) -> str:
    """The link-local IPv6 address that an interface derives from its MAC (RFC 4291, modified EUI-64)."""
    octets = [int(digits, 16) for digits in mac.split(":")]
    octets[0] ^= 2
    identifier = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    groups = [f"{identifier[at] << 8 | identifier[at + 1]:x}" for at in range(0, 8, 2)]
    return str(ipaddress.ip_address("fe80::" + ":".join(groups)))


def _egress(facts: PortFacts) -> list[str]:
    return ["jump answers", *(f"jump out_{_key(group)}" for group in facts.groups), "drop"]


def _ingress(facts: PortFacts) -> list[str]:
    return [
        "ether type arp accept",
        "udp sport 67 udp dport 68 accept",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept",
        "jump answers",
        *(f"jump in_{_key(group)}" for group in facts.groups),
        "drop",
    ]


def declare_group_text(group_id: str) -> str:
    """Text that creates a group's empty chains and sets; idempotent."""
    key = _key(group_id)
    sets = "; ".join(f"set members{v}_{key} {{ type ipv{v}_addr; }}" for v in (4, 6))
    return f"table bridge {TABLE} {{ {sets}; chain in_{key} {{ }}; chain out_{key} {{ }}; }}\n"


def group_text(facts: GroupFacts) -> str:
    """Text that sets or replaces the rules of a group's chains. Also declares remote groups."""
    key = _key(facts.group_id)
    named = {facts.group_id, *(rule.remote_group for rule in facts.rules if rule.remote_group)}
    text = "".join(map(declare_group_text, sorted(named)))
    lines = [f"flush chain bridge {TABLE} {direction}_{key}" for direction in ("in", "out")]
    for rule in facts.rules:
        chain = f"{'in' if rule.direction == 'ingress' else 'out'}_{key}"
        lines.append(f"add rule bridge {TABLE} {chain} {match(rule)} goto remember")
    return text + "\n".join(lines) + "\n"


def match(rule: GroupRule) -> str:
    """The matching part of an nftables rule for a security group rule."""
    family = FAMILY[rule.version]
    side = "saddr" if rule.direction == "ingress" else "daddr"
    words = [f"ether type {family}"]
    if rule.remote_group:
        words.append(f"{family} {side} @members{rule.version}_{_key(rule.remote_group)}")
    elif rule.remote and ipaddress.ip_network(rule.remote, strict=False).prefixlen:
        words.append(f"{family} {side} {rule.remote}")
    words += _protocol(rule)
    return " ".join(words)


def _protocol(rule: GroupRule) -> list[str]:
    if not rule.protocol:
        return []
    if rule.protocol in ("icmp", "icmpv6"):
        words = [f"meta l4proto {'ipv6-icmp' if rule.protocol == 'icmpv6' else 'icmp'}"]
        words += [f"{rule.protocol} type {rule.first}"] if rule.first is not None else []
        return words + ([f"{rule.protocol} code {rule.last}"] if rule.last is not None else [])
    words = [f"meta l4proto {rule.protocol}"]
    if rule.first is not None and rule.protocol in ("tcp", "udp", "sctp", "udplite", "dccp"):
        last = rule.first if rule.last is None else rule.last
        words.append(f"{rule.protocol} dport {rule.first}-{last}")
    return words


def member_text(group_id: str, addresses: Iterable[str], *, member: bool) -> str:
    """Text that adds or removes single addresses as members of a declared group."""
    key = _key(group_id)
    lines = []
    for address in sorted(set(addresses)):
        version = ipaddress.ip_address(address).version
        element = f"element bridge {TABLE} members{version}_{key} {{ {address} }}"
        # Add first, so that deleting a missing one succeeds.
        lines += [f"add {element}"] if member else [f"add {element}", f"delete {element}"]
    return "".join(f"{line}\n" for line in lines)
