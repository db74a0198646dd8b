"""Keeps everybody but this machine and its servers away from the cloud's addresses.

An address on ``lo`` is no secret: Linux answers for each of its addresses on every interface. So a table of our own
drops what comes in for an address of the cloud by any interface but ``lo`` and our bridges, whatever the protocol or
port, and another one keeps the machine from answering ARP for these addresses there. The first hook comes before the
machine's own rules, none of which can let in what it has dropped; nothing else on the machine is touched.

Each change says all that has to be true and holds for any order of changes: a table that somebody flushed is whole
again after the next one.
"""

import ipaddress
from collections.abc import Iterable

from localcloud.endpoints import ADDRESS, METADATA_ADDRESS
from localcloud.host.command import run, try_run
from localcloud.network import link
from localcloud.network.names import BRIDGE_PREFIX, PERIMETER_TABLE

#: The addresses of the services.
SERVICES = (ADDRESS, METADATA_ADDRESS)

_FAMILIES = ("inet", "arp")


def close(gateways: Iterable[str] = ()) -> None:
    """Keep neighbours away from the services' addresses and from these ones. Again is harmless.

    Args:
        gateways: addresses that bridges have, or are about to get, with or without a prefix length.

    Raises:
        HostError: the kernel does not take the rules.
    """
    run(["nft", "--file", "-"], text=closing_text([*SERVICES, *gateways]))


def forget(gateways: Iterable[str]) -> None:
    """Undo `close` for addresses that a bridge had."""
    run(["nft", "--file", "-"], text=forgetting_text(gateways))


def remove() -> None:
    """Remove our tables, and nothing else."""
    text = "".join(
        f"table {family} {PERIMETER_TABLE}\ndelete table {family} {PERIMETER_TABLE}\n" for family in _FAMILIES
    )
    run(["nft", "--file", "-"], text=text)


def gateways() -> list[str]:
    """The addresses of all bridges that are there."""
    return [address for bridge in link.with_prefix(BRIDGE_PREFIX) for address in link.addresses(bridge)]


def is_closed() -> bool:
    """Whether the tables are in the kernel and know the services' addresses."""
    return all(
        not try_run(["nft", "get", "element", family, PERIMETER_TABLE, "v4", f"{{ {address} }}"]).returncode
        for family in _FAMILIES
        for address in SERVICES
    )


def closing_text(addresses: Iterable[str]) -> str:
    """Both tables with their rules, and these addresses among those that they keep."""
    lines = []
    for family, rules in (
        ("inet", ["ip daddr @v4 drop", "ip6 daddr @v6 drop"]),
        ("arp", ["arp daddr ip @v4 drop"]),
    ):
        table = f"{family} {PERIMETER_TABLE}"
        # Before connection tracking and before everybody's filters; chains of ARP know no names for priorities.
        lines += [f"add table {table}", *_sets(family)]
        lines += [f"add chain {table} input {{ type filter hook input priority -300; policy accept; }}"]
        lines += [f"flush chain {table} input"]
        lines += [f'add rule {table} input iifname {{ "lo", "{BRIDGE_PREFIX}*" }} accept']
        lines += [f"add rule {table} input {rule}" for rule in rules]
    return "\n".join([*lines, *_elements("add", addresses)]) + "\n"


def forgetting_text(addresses: Iterable[str]) -> str:
    """What makes both tables forget addresses, also where they do not know them or are not there."""
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
