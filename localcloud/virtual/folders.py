"""libvirt's folders: built into it, so they are links into the cloud's own while it is up.

A machine with a libvirt of its own has those folders already; this cloud leaves them alone and does not start.
"""

import shutil
from pathlib import Path

from localcloud.errors import MachineError

#: libvirt's folders on every machine, and ours in their place.
FOLDERS = {
    Path("/etc/libvirt"): "etc",
    Path("/var/lib/libvirt"): "lib",
    Path("/var/cache/libvirt"): "cache",
    Path("/var/log/libvirt"): "log",
    Path("/run/libvirt"): "run",
}

#: Every option is for a machine of its own: QEMU as root, which owns all files, without what needs systemd.
QEMU_CONF = """user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
security_default_confined = 0
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
max_core = 0
"""


def link(own: Path) -> None:
    """Put libvirt's folders where this cloud's are. Idempotent.

    Args:
        own: the cloud's folder for libvirt.

    Raises:
        MachineError: the machine has a libvirt of its own, or another cloud's.
    """
    for folder, name in FOLDERS.items():
        target = own / name
        target.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink() and not folder.exists():
            folder.unlink()  # Of a cloud whose data are gone.
        if folder.is_symlink() and folder.readlink() == target:
            continue
        if folder.is_symlink() or folder.exists():
            raise MachineError(
                "this machine has another libvirt, which virtual machines of this cloud would disturb",
                where=str(folder),
                remedy="use containers (`cloud up --servers container`), or a machine without libvirt's configuration",
            )
        folder.symlink_to(target)
    (own / "etc" / "qemu.conf").write_text(QEMU_CONF)


def unlink(own: Path) -> None:
    """Remove the links of `link`, and no one else's, and what is only about running machines."""
    for folder, name in FOLDERS.items():
        if folder.is_symlink() and folder.readlink() == own / name:
            folder.unlink()
    shutil.rmtree(own / "run", ignore_errors=True)


def linked(own: Path) -> list[str]:
    """The links that exist."""
    return [str(folder) for folder, name in FOLDERS.items() if folder.is_symlink() and folder.readlink() == own / name]
