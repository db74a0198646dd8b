"""What the cloud changes on the machine itself, and puts back: addresses on ``lo`` and one kernel limit."""

import json
import os
import subprocess
from pathlib import Path

from localcloud.control import process
from localcloud.control.debian import program
from localcloud.control.files import write_private
from localcloud.control.layout import Layout
from localcloud.endpoints import ADDRESS, METADATA_ADDRESS
from localcloud.errors import MachineError

#: Each node's systemd uses several; the kernel's 128 a user end at about twenty nodes.
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_NEEDED = 8192


def require_root() -> None:
    """Refuse to go on without root's rights.

    Raises:
        MachineError: the command does not run as root.
    """
    if os.geteuid() != 0:
        raise MachineError(
            "the local cloud needs root: its servers are containers with networks and disks of their own",
            remedy="run the command with sudo, on a machine of your own",
        )


def require_no_other(layout: Layout) -> None:
    """Refuse to go on while another cloud has this machine: they would share the address.

    Raises:
        MachineError: a process of a cloud with another state folder runs.
    """
    for _, folder in process.marked():
        if Path(folder) != layout.root:
            raise MachineError(
                f"another local cloud runs on this machine, in {folder}",
                remedy=f"SLURM_APPLIANCE_CLOUD_STATE={folder} slurm-appliance cloud down",
            )


def prepare(layout: Layout) -> None:
    """Put the cloud's addresses on ``lo`` and raise the limits that many nodes need."""
    for address in (ADDRESS, METADATA_ADDRESS):
        if not _has(address):
            _ip("address", "add", f"{address}/32", "dev", "lo")
    limit = int(_INOTIFY.read_text())
    if limit < _INOTIFY_NEEDED:
        write_private(_before(layout), json.dumps({"inotify": limit}))
        _INOTIFY.write_text(str(_INOTIFY_NEEDED))


def restore(layout: Layout) -> None:
    """Take back what `prepare` did."""
    for address in (ADDRESS, METADATA_ADDRESS):
        if _has(address):
            _ip("address", "delete", f"{address}/32", "dev", "lo")
    before = _before(layout)
    if before.exists():
        _INOTIFY.write_text(str(json.loads(before.read_text())["inotify"]))
        before.unlink()


def _before(layout: Layout) -> Path:
    return layout.run / "host-before.json"


def _has(address: str) -> bool:
    shown = json.loads(_ip("-json", "address", "show", "dev", "lo"))
    return any(item["local"] == address for item in shown[0]["addr_info"])


def _ip(*arguments: str) -> str:
    done = subprocess.run([program("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"ip {' '.join(arguments)} failed", evidence=done.stderr, remedy="is this a container?")
    return done.stdout
