"""Blocks everything except this machine and its servers from the cloud's addresses.

An address on ``lo`` is reachable from outside: Linux answers for each of its addresses on every interface. So our own
table drops incoming traffic for the cloud's addresses from all interfaces except ``lo`` and our bridges, for every
protocol and port, and another one keeps the machine from answering ARP for these addresses there. The hook comes before
the machine's own rules, none of which can accept what it has dropped; nothing else on the machine is changed.

Each change states the complete rules and works in any order: a flushed table is complete again after the next change.
"""

import ipaddress
from collections.abc import Iterable

from localcloud.endpoints import ADDRESS, METADATA_ADDRESS
from localcloud.host.command import run, try_run
from localcloud.network import link
from localcloud.network.names import BRIDGE_PREFIX, PERIMETER_TABLE
from localcloud.network.tables import remove_tables

#: The addresses of the services.
SERVICES = (ADDRESS, METADATA_ADDRESS)

_FAMILIES = ("inet", "arp")


def close(gateways: Iterable[str] = ()) -> None:
    """Block other machines from the services' addresses and from these ones. Idempotent.

    Args:
        gateways: current or future addresses of bridges, with or without a prefix length.

    Raises:
        HostError: the kernel rejects the rules.
    """
    run(["nft", "--file", "-"], text=closing_text([*SERVICES, *gateways]))


def forget(gateways: Iterable[str]) -> None:
    """Undo `close` for a bridge's former addresses."""
    run(["nft", "--file", "-"], text=forgetting_text(gateways))


def remove() -> None:
    """Remove our tables, and nothing else."""
    remove_tables(PERIMETER_TABLE, _FAMILIES)


def gateways() -> list[str]:
    """The addresses of all existing bridges."""
    return [address for bridge in link.with_prefix(BRIDGE_PREFIX) for address in link.addresses(bridge)]


def is_closed() -> bool:
    """Whether the tables are loaded and contain the services' addresses."""
    return all(
        not try_run(["nft", "get", "element", family, PERIMETER_TABLE, "v4", f"{{ {address} }}"]).returncode
        for family in _FAMILIES
        for address in SERVICES
    )


def closing_text(addresses: Iterable[str]) -> str:
    """Text of both tables with their rules and these addresses."""
    lines = []
    for family, rules in (
        ("inet", ["ip daddr @v4 drop", "ip6 daddr @v6 drop"]),
        ("arp", ["arp daddr ip @v4 drop"]),
    ):
        table = f"{family} {PERIMETER_TABLE}"
        # Before connection tracking and all other filters; ARP chains have no names for priorities.
        lines += [f"add table {table}", *_sets(family)]
        lines += [f"add chain {table} input {{ type filter hook input priority -300; policy accept; }}"]
        lines += [f"flush chain {table} input"]
        lines += [f'add rule {table} input iifname {{ "lo", "{BRIDGE_PREFIX}*" }} accept']
        lines += [f"add rule {table} input {rule}" for rule in rules]
    return "\n".join([*lines, *_elements("add", addresses)]) + "\n"


def forgetting_text(addresses: Iterable[str]) -> str:
    """Text that removes addresses from both tables, even if they or the tables do not exist."""
    found = list(addresses)
    tables = [line for family in _FAMILIES for line in (f"add table {family} {PERIMETER_TABLE}", *_sets(family))]
    return "\n".join([*tables, *_elements("add", found), *_elements("delete", found)]) + "\n"


def _sets(family: str) -> list[str]:
    kinds = {"v4": "ipv4_addr", "v6": "ipv6_addr"} if family == "inet" else {"v4": "ipv4_addr"}
    return [f"add set {family} {PERIMETER_TABLE} {name} {{ type {kind}; }}" for name, kind in kinds.items()]


def _elements(verb: str, addresses: Iterable[str]) -> list[str]:
    single = sorted({ipaddress.ip_interface(address).ip for address in addresses}, key=lambda ip: (ip.version, ip))
    return [
        f"{verb} element {family} {PERIMETER_TABLE} v{ip.version} {{ {ip} }}"
        for ip in single
        for family in (_FAMILIES if ip.version == 4 else ("inet",))
    ]
