"""One bridge per network: it has each subnet's gateway address and serves DHCP."""

import ipaddress
from pathlib import Path

from localcloud.host.command import HostError
from localcloud.network import dhcp, link, names, perimeter, ruleset
from localcloud.network.nic import Nic


def plug(nic: Nic, namespace: str, dhcp_folder: Path) -> None:
    """Connect a port: its bridge, its veth pair into the server's namespace, its DHCP lease. Idempotent.

    Args:
        nic: the port.
        namespace: the server's existing network namespace.
        dhcp_folder: `Places.dhcp`.

    Raises:
        HostError: the network's subnet overlaps one of another network with servers on this host.
    """
    with link.LOCK:
        _ensure(nic)
        dhcp.add(nic, dhcp_folder)
        if not link.exists(nic.host_end):
            link.ip(
                *("link", "add", nic.host_end, "mtu", str(nic.mtu), "type", "veth"),
                *("peer", "name", nic.device, "address", nic.mac, "mtu", str(nic.mtu), "netns", namespace),
            )
        # Also for an existing one: its creator may have been killed right after.
        link.ip("link", "set", nic.host_end, "master", nic.bridge, "up")
        link.ip("-netns", namespace, "link", "set", nic.device, "up")


def plug_tap(nic: Nic, dhcp_folder: Path) -> None:
    """Connect a port of a virtual machine: its bridge, a tap, its DHCP lease. Idempotent.

    Args:
        nic: the port.
        dhcp_folder: `Places.dhcp`.

    Raises:
        HostError: the network's subnet overlaps one of another network with servers on this host.
    """
    with link.LOCK:
        _ensure(nic)
        dhcp.add(nic, dhcp_folder)
        if not link.exists(nic.host_end):
            link.ip("tuntap", "add", nic.host_end, "mode", "tap", "vnet_hdr")
        link.ip("link", "set", nic.host_end, "mtu", str(nic.mtu), "master", nic.bridge, "up")


def unplug(nic: Nic, dhcp_folder: Path) -> None:
    """Disconnect a port; with the last one, remove the bridge and its DHCP server."""
    with link.LOCK:
        link.delete(nic.host_end)
        dhcp.remove(nic, dhcp_folder)
        ports = Path("/sys/class/net", nic.bridge, "brif")
        if ports.is_dir() and not any(ports.iterdir()):
            dhcp.stop(nic.bridge, dhcp_folder)
            gone = link.addresses(nic.bridge)
            link.delete(nic.bridge)
            ruleset.forget_bridge(nic.bridge)
            perimeter.forget(gone)


def add_namespace(name: str) -> None:
    """Create a server's network namespace; an existing one is kept."""
    with link.LOCK:
        if not Path("/run/netns", name).exists():
            link.ip("netns", "add", name)
        link.ip("-netns", name, "link", "set", "lo", "up")


def remove_namespace(name: str) -> None:
    """Remove a server's network namespace and the interfaces in it."""
    with link.LOCK:
        if Path("/run/netns", name).exists():
            link.ip("netns", "delete", name)


def _ensure(nic: Nic) -> None:
    wanted = gateways(nic)
    present = link.addresses(nic.bridge) if link.exists(nic.bridge) else []
    missing = [address for address in wanted if address not in present]
    if missing:
        _refuse_overlap(nic, missing)
    if not link.exists(nic.bridge):
        mac = names.bridge_mac(nic.network_id)
        link.ip("link", "add", nic.bridge, "address", mac, "mtu", str(nic.mtu), "type", "bridge", "forward_delay", "0")
        ruleset.allow_bridge(nic.bridge)
        link.ip("link", "set", nic.bridge, "up")
    perimeter.close(wanted)
    for address in missing:
        link.ip("address", "add", address, "dev", nic.bridge, *(["nodad"] if ":" in address else []))


def gateways(nic: Nic) -> list[str]:
    """The addresses of a port's bridge: each gateway with its subnet's prefix length."""
    return [f"{subnet.gateway}/{subnet.prefix_length}" for subnet in nic.subnets if subnet.gateway]


def _refuse_overlap(nic: Nic, wanted: list[str]) -> None:
    others = {
        address: bridge
        for bridge in link.with_prefix(names.BRIDGE_PREFIX)
        if bridge != nic.bridge
        for address in link.addresses(bridge)
    }
    clash = overlap(wanted, list(others))
    if clash is not None:
        mine, other = clash
        raise HostError(
            f"subnet {ipaddress.ip_interface(mine).network} of network {nic.network_id} overlaps "
            f"{ipaddress.ip_interface(other).network} of another network with servers (bridge {others[other]})",
            where=f"port {nic.port_id}",
            remedy="use another range: all subnets are routed on one host, so their ranges must not overlap",
        )


def overlap(wanted: list[str], present: list[str]) -> tuple[str, str] | None:
    """The first pair of wanted and existing interface addresses whose networks overlap."""
    for mine in wanted:
        for other in present:
            first, second = ipaddress.ip_interface(mine).network, ipaddress.ip_interface(other).network
            if first.version == second.version and first.overlaps(second):
                return mine, other
    return None
