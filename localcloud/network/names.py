"""What our interfaces and tables on the host are called: a prefix that nothing else on a machine uses.

Interface names may have 15 characters, so ids are cut to 11, as Neutron does it.
"""

#: Of every bridge: one a network.
BRIDGE_PREFIX = "lcb"

#: Of the host's end of every port's veth pair.
PORT_PREFIX = "lcp"

#: Of every node's network namespace.
NAMESPACE_PREFIX = "lcn-"

#: The nftables tables, one of family inet and one of family bridge.
TABLE = "localcloud"

#: The tables that keep others away from the cloud's addresses, one of family inet and one of family arp.
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
    """A bridge's MAC: fixed, or it would change with its ports and nodes would lose the gateway for minutes."""
    digits = network_id.replace("-", "")[:10]
    return ":".join(["06", *(digits[at : at + 2] for at in range(0, 10, 2))])
