"""The nftables text that confines nodes to this machine and to some of the host's own addresses.

It only affects traffic from or to our bridges; the machine's other rules are unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.network.names import BRIDGE_PREFIX, TABLE


@dataclass(frozen=True)
class Reachable:
    """What nodes may reach on the host.

    Attributes:
        api_address: the address of the services.
        api_ports: TCP ports there; empty for all.
        metadata_address: the address of the metadata service, port 80.
    """

    api_address: str
    api_ports: tuple[int, ...]
    metadata_address: str


def host_text(reachable: Reachable, bridges: Sequence[str]) -> str:
    """The whole table of family inet; replaces the former table.

    Args:
        reachable: what nodes may reach.
        bridges: names of the existing bridges.
    """
    ports = f" tcp dport {{ {', '.join(map(str, sorted(reachable.api_ports)))} }}" if reachable.api_ports else ""
    lines = [
        f"table inet {TABLE} {{ }}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        # If bridged frames also pass the IP rules (br_netfilter), they enter and leave by the same bridge.
        "    set same_bridge { type ifname . ifname; }",
        "    chain input {",
        "        type filter hook input priority -10; policy accept;",
        f'        iifname "{BRIDGE_PREFIX}*" goto from_nodes',
        "    }",
        "    chain from_nodes {",
        "        ct state established,related accept",
        "        udp dport 67 accept",
        "        meta l4proto { icmp, ipv6-icmp } accept",
        f"        ip daddr {reachable.api_address} meta l4proto tcp{ports} accept",
        f"        ip daddr {reachable.metadata_address} tcp dport 80 accept",
        "        meta l4proto tcp reject with tcp reset",
        "        drop",
        "    }",
        "    chain forward {",
        "        type filter hook forward priority -10; policy accept;",
        "        iifname . oifname @same_bridge accept",
        f'        iifname "{BRIDGE_PREFIX}*" drop',
        f'        oifname "{BRIDGE_PREFIX}*" drop',
        "    }",
        "}",
        *(same_bridge_text(bridge, allowed=True).rstrip() for bridge in bridges),
    ]
    return "\n".join(lines) + "\n"


def same_bridge_text(bridge: str, *, allowed: bool) -> str:
    """Text that allows or no longer allows traffic within a bridge."""
    element = f'element inet {TABLE} same_bridge {{ "{bridge}" . "{bridge}" }}'
    return f"add {element}\n" if allowed else f"add {element}\ndelete {element}\n"
