"""Units of systemd for file systems. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from .request import Mount

#: The first line of each unit of ours.
MARK = "# Written by slurm-appliance for filesystems; changes are overwritten."
#: Seconds after which systemd ends the program that mounts, so that a server that is away hangs no boot.
LIMIT_SECONDS = 60
#: systemd's names of types, where they differ from ours.
_TYPES = {"cephfs": "ceph", "bind": "none"}
#: Types that need the network.
_NETWORK = frozenset({"nfs", "cephfs", "lustre"})


def unit_name(path: str, suffix: str) -> str:
    """The name that systemd wants for the unit of a mount point, as systemd-escape --path prints it."""
    trimmed = posixpath.normpath(path).strip("/")
    escaped = "".join(
        "-" if character == "/" else character if _plain(character) else _hex(character) for character in trimmed
    )
    if escaped.startswith("."):
        escaped = _hex(".") + escaped[1:]
    return f"{escaped or '-'}.{suffix}"


def secret_file(mount: Mount, folder: Path) -> Path:
    """Where a file system's key is."""
    return folder / f"{mount.name}.secret"


def units(mounts: Iterable[Mount], secrets: Path) -> dict[str, str]:
    """The units of file systems: text by name."""
    found = {}
    for mount in mounts:
        found[unit_name(mount.where, "mount")] = _mount_unit(mount, secrets)
        if mount.automount:
            found[unit_name(mount.where, "automount")] = _automount_unit(mount)
    return found


def mount_options(mount: Mount, secrets: Path) -> Sequence[str]:
    """All mount options; secrets are in files."""
    found = list(mount.options)
    if mount.type == "bind":
        # Ordered like the network's, because what it shows may be one of them.
        found = ["bind", "_netdev", *found]
    if mount.type == "tmpfs" and mount.mode:
        found.append(f"mode={mount.mode}")
    if mount.user:
        found.append(f"name={mount.user}")
    if mount.key:
        found.append(f"secretfile={secret_file(mount, secrets)}")
    return found


def starts(mount: Mount) -> str:
    """The unit that is started for a file system."""
    return unit_name(mount.where, "automount" if mount.automount else "mount")


def _mount_unit(mount: Mount, secrets: Path) -> str:
    network = mount.type in _NETWORK or mount.type == "bind"
    kind = mount.format if mount.type == "disk" else _TYPES.get(mount.type, mount.type)
    lines = [MARK, "[Unit]", f"Description=File system {mount.name}"]
    if network:
        lines += ["After=network-online.target", "Wants=network-online.target"]
    if mount.type == "disk":
        lines.append("JobRunningTimeoutSec=60")
    what = "tmpfs" if mount.type == "tmpfs" else mount.what
    lines += ["", "[Mount]", f"What={_escaped(what)}", f"Where={_escaped(mount.where)}", f"Type={kind}"]
    options = mount_options(mount, secrets)
    if options:
        lines.append(f"Options={_escaped(','.join(options))}")
    lines.append(f"TimeoutSec={LIMIT_SECONDS}")
    return "\n".join([*lines, *([] if mount.automount else _install(network)), ""])


def _automount_unit(mount: Mount) -> str:
    network = mount.type in _NETWORK or mount.type == "bind"
    lines = [MARK, "[Unit]", f"Description=File system {mount.name}", "", "[Automount]"]
    return "\n".join([*lines, f"Where={_escaped(mount.where)}", *_install(network), ""])


def _install(network: bool) -> list[str]:
    # Wanted, not required: a file system that is away does not stop the boot.
    return ["", "[Install]", f"WantedBy={'remote-fs.target' if network else 'local-fs.target'}"]


def _escaped(text: str) -> str:
    """A text in which systemd replaces nothing."""
    return text.replace("%", "%%")


def _plain(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in ":_.")


def _hex(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode())
