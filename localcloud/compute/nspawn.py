"""The command line of systemd-nspawn for a server. Pure: facts in, words out."""

from collections.abc import Mapping
from pathlib import Path

from localcloud.compute import guest_files
from localcloud.compute.server_facts import HostedServerFacts

#: cloud-init's datasource detection reads this in a container, instead of a virtual machine's DMI strings.
PRODUCT = "OpenStack Nova"


def machine_name(uuid: str) -> str:
    """A server's name in control groups and messages."""
    return uuid[:13]


def arguments(facts: HostedServerFacts, folder: Path, metadata_url: str, devices: Mapping[str, str]) -> list[str]:
    """The words after ``systemd-nspawn``.

    Args:
        facts: the server's facts.
        folder: its folder on the host.
        metadata_url: ``http://169.254.169.254``, or an address that does not respond.
        devices: device in the server -> device on the host, of each of its disks.
    """
    # Also under the host's name: lsblk reads /sys, and cloud-init uses lsblk to detect file systems.
    binds = [word for guest, host in sorted(devices.items()) for word in (f"--bind={host}:{guest}", f"--bind={host}")]
    return [
        "--quiet",
        f"--directory={folder}/root",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--notify-ready=yes",
        f"--machine={machine_name(facts.uuid)}",
        f"--hostname={facts.hostname}",
        f"--uuid={facts.uuid}",
        "--capability=CAP_NET_ADMIN,CAP_IPC_LOCK",
        # NFS servers open files by handle; nspawn grants the capability for that, but blocks the system call.
        "--system-call-filter=open_by_handle_at",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        f"--setenv=product_name={PRODUCT}",
        f"--bind-ro={folder}/{guest_files.NETWORK}:/run/systemd/network",
        f"--bind-ro={folder}/{guest_files.GENERATORS}:/run/systemd/system-generators",
        f"--bind-ro={folder}/{guest_files.DISK}:/dev/disk",
        f"--bind-ro={folder}/{guest_files.UDEV}:/run/udev/data",
        *binds,
        *kernel_command_line(metadata_url),
    ]


def kernel_command_line(metadata_url: str) -> list[str]:
    """The kernel command line. In a container these are PID 1's arguments, and cloud-init reads them there.

    It names the datasource, so cloud-init searches for none; the host's files for systemd-networkd configure the
    network, not cloud-init.
    """
    source = f"{{OpenStack: {{metadata_urls: ['{metadata_url}'], timeout: 5, retries: 5, max_wait: 120}}}}"
    return [
        "ds=openstack",
        "network-config=disabled",
        "cc:",
        f"datasource_list: [OpenStack, None]\\ndatasource: {source}",
        "end_cc",
    ]
