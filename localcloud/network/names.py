"""Names of our interfaces and tables on the host: with a prefix that nothing else uses.

Interface names are limited to 15 characters, so IDs are cut to 11, as Neutron does.
"""

#: Prefix of bridges: one per network.
BRIDGE_PREFIX = "lcb"

#: Prefix of the host's end of each port's veth pair.
PORT_PREFIX = "lcp"

#: Prefix of the nodes' network namespaces.
NAMESPACE_PREFIX = "lcn-"

#: The nftables tables, one of family inet and one of family bridge.
TABLE = "localcloud"

#: The tables that block other machines from the cloud's addresses, one of family inet and one of family arp.
PERIMETER_TABLE = "localcloud_perimeter"


def bridge(network_id: str) -> str:
    """The bridge of a Neutron network."""
    return BRIDGE_PREFIX + network_id[:11]


def port(port_id: str) -> str:
    """The host's end of a port's veth pair."""
    return PORT_PREFIX + port_id[:11]


def namespace(server_id: str) -> str:
    """The network namespace of a server."""
    return NAMESPACE_PREFIX + server_id[:11]


def bridge_mac(network_id: str) -> str:
    """A bridge's fixed MAC: otherwise it would change with its ports, and nodes would lose the gateway for minutes."""
    digits = network_id.replace("-", "")[:10]
    return ":".join(["06", *(digits[at : at + 2] for at in range(0, 10, 2))])
