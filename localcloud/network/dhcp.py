"""dnsmasq on each bridge: cloud-init uses DHCP before metadata, and some images use nothing else.

Leases are fixed: one file per port, created when it is plugged. dnsmasq notices new files by itself, but removed ones
only on SIGHUP, which makes it read all files again.
"""

import ipaddress
import json
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

from localcloud.host.command import run
from localcloud.host.waiting import wait_for
from localcloud.network.nic import Nic, NicSubnet


def lease(nic: Nic) -> str:
    """The line that gives a port its IPv4 address, or nothing."""
    first = next((ip for subnet in nic.subnets if subnet.version == 4 for ip in subnet.addresses), None)
    return f"{nic.mac},{first},infinite\n" if first else ""


def configuration(nic: Nic, subnets: Iterable[NicSubnet], folder: Path) -> str:
    """dnsmasq's configuration for a bridge; empty if no subnet has a gateway to serve from.

    Args:
        nic: any port of the network.
        subnets: all subnets of the network that are known from its ports.
        folder: the bridge's own folder.
    """
    served = sorted((s for s in subnets if s.version == 4 and s.gateway), key=lambda subnet: subnet.cidr)
    if not served:
        return ""
    lines = [
        "port=0",
        f"interface={nic.bridge}",
        "bind-interfaces",
        "except-interface=lo",
        "leasefile-ro",
        "dhcp-authoritative",
        "no-ping",
        # Only root can read the state folder, and leases are read from it repeatedly.
        "user=root",
        "group=root",
        f"dhcp-hostsdir={folder}/hosts",
        f"pid-file={folder}/pid",
        f"dhcp-option=option:mtu,{nic.mtu}",
        *(line for number, subnet in enumerate(served) for line in _range(subnet, f"subnet{number}")),
    ]
    return "\n".join(lines) + "\n"


def _range(subnet: NicSubnet, tag: str) -> list[str]:
    network = ipaddress.ip_network(subnet.cidr)
    lines = [f"dhcp-range=set:{tag},{network.network_address},static,{network.netmask},infinite"]
    lines.append(f"dhcp-option=tag:{tag},option:router,{subnet.gateway}")
    servers = [address for address in subnet.dns if ":" not in address]
    if servers:
        lines.append(f"dhcp-option=tag:{tag},option:dns-server,{','.join(servers)}")
    return lines


def add(nic: Nic, dhcp_folder: Path) -> None:
    """Add a port's lease and start the bridge's server unless it runs with this configuration."""
    folder = dhcp_folder / nic.bridge
    hosts = folder / "hosts"
    hosts.mkdir(parents=True, exist_ok=True)
    text = configuration(nic, _known_subnets(nic, folder), folder)
    if not text:
        return
    entry = hosts / nic.port_id
    if not entry.exists() or entry.read_text() != lease(nic):
        changed = entry.exists()
        entry.write_text(lease(nic))
        if changed:
            _signal(folder, signal.SIGHUP)
    file = folder / "dnsmasq.conf"
    if running(folder) is not None and file.read_text() == text:
        return
    stop_server(folder)
    file.write_text(text)
    run(["dnsmasq", f"--conf-file={file}"])


def _known_subnets(nic: Nic, folder: Path) -> list[NicSubnet]:
    """The network's subnets known so far: a port knows only those in which it has an address."""
    file = folder / "subnets.json"
    known = {entry["cidr"]: entry for entry in json.loads(file.read_text())} if file.exists() else {}
    for subnet in nic.subnets:
        known[subnet.cidr] = {"cidr": subnet.cidr, "gateway": subnet.gateway, "dns": list(subnet.dns)}
    file.write_text(json.dumps(list(known.values())))
    return [NicSubnet(entry["cidr"], entry["gateway"], (), tuple(entry["dns"])) for entry in known.values()]


def remove(nic: Nic, dhcp_folder: Path) -> None:
    """Remove a port's lease."""
    entry = dhcp_folder / nic.bridge / "hosts" / nic.port_id
    if entry.exists():
        entry.unlink()
        _signal(dhcp_folder / nic.bridge, signal.SIGHUP)


def stop(bridge: str, dhcp_folder: Path) -> None:
    """Stop a bridge's server and remove its leases."""
    stop_server(dhcp_folder / bridge)
    shutil.rmtree(dhcp_folder / bridge, ignore_errors=True)


def stop_server(folder: Path) -> None:
    """Stop the server of a bridge's folder, if it is running."""
    if _signal(folder, signal.SIGTERM) and not wait_for(lambda: running(folder) is None, 5):
        _signal(folder, signal.SIGKILL)


def running(folder: Path) -> int | None:
    """The process id of a bridge's server."""
    try:
        process = int((folder / "pid").read_text())
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    # After a reboot, another program may have this number.
    return process if f"--conf-file={folder}/dnsmasq.conf".encode() in words else None


def _signal(folder: Path, number: signal.Signals) -> bool:
    process = running(folder)
    if process is None:
        return False
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True
