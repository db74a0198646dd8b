"""The control plane's requirements of the machine: root, no other cloud, two addresses on ``lo``."""

import json
import os
import subprocess
from pathlib import Path

from localcloud.control import process
from localcloud.endpoints import ADDRESS, METADATA_ADDRESS
from localcloud.errors import MachineError
from localcloud.host.layout import CloudLayout, is_workshop
from localcloud.host.programs import program


def require_root() -> None:
    """Check that the command runs as root.

    Raises:
        MachineError: the command does not run as root.
    """
    if os.geteuid() != 0:
        raise MachineError(
            "the local cloud needs root: its servers are containers with their own networks and disks",
            remedy="run the command with sudo, on a machine of your own",
        )


def require_no_other(layout: CloudLayout) -> None:
    """Check that no other cloud uses this machine's network: they would share the address.

    Raises:
        MachineError: a process of a cloud with another state folder is running.
    """
    folder = other(layout)
    if folder is not None:
        raise MachineError(
            f"another local cloud is running on this machine, in {folder}",
            remedy=f"SLURM_APPLIANCE_CLOUD_STATE={folder} slurm-appliance cloud down",
        )


def other(layout: CloudLayout) -> str | None:
    """The state folder of another cloud that uses this machine's network; None if there is none."""
    own = _network()
    return next(
        (
            folder
            for one, folder in process.marked()
            if Path(folder) != layout.root and not is_workshop(Path(folder)) and one.network == own
        ),
        None,
    )


def _network() -> str:
    return os.readlink("/proc/self/ns/net")


def add_addresses() -> None:
    """Add the cloud's addresses to ``lo``."""
    for address in (ADDRESS, METADATA_ADDRESS):
        if not _has(address):
            _ip("address", "add", f"{address}/32", "dev", "lo")


def remove_addresses() -> None:
    """Remove the cloud's addresses."""
    for address in (ADDRESS, METADATA_ADDRESS):
        if _has(address):
            _ip("address", "delete", f"{address}/32", "dev", "lo")


def _has(address: str) -> bool:
    shown = json.loads(_ip("-json", "address", "show", "dev", "lo"))
    return any(item["local"] == address for item in shown[0]["addr_info"])


def _ip(*arguments: str) -> str:
    done = subprocess.run([program("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(
            f"ip {' '.join(arguments)} failed",
            evidence=done.stderr,
            remedy="check whether this machine is a container without the needed privileges",
        )
    return done.stdout
