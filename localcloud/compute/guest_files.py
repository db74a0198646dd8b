"""What the host adds to a server, and why. All but the first two are in memory, so snapshots do not contain them.

- /etc/machine-id is emptied before the first boot of a root: servers from one image must not share it.
- /etc/resolv.conf has the subnets' name servers, unless it is a link into systemd-resolved's folder: a DHCP client
  would write it, and name servers from the image's build would cause timeouts.
- /run/systemd/network has one file per port: addresses from Neutron.
- /run/systemd/system-generators has `GENERATOR`: systemd in a container skips the block devices of /etc/fstab, which a
  virtual machine would not.
- /dev/disk has its volumes' by-id links, /run/udev/data has what udev would store about them: no udev runs in a
  container, and cloud-init formats disks on which lsblk, which asks udev, shows no file system. Written at boots and
  attachments.
- PID 1's arguments name cloud-init's datasource: there are no DMI strings to find it by.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from localcloud.compute.server_facts import Disk, HostedServerFacts
from localcloud.host import loop_device
from localcloud.host.command import try_run
from localcloud.network.nic import networkd_text

#: A systemd generator and the program of its service: mounts the block devices in /etc/fstab.
GENERATOR = r"""#!/bin/sh
# Made by the local cloud's host: systemd in a container ignores the block devices of /etc/fstab.
devices() {
    while read -r source target type options _; do
        case "$source" in /dev/* | LABEL=* | UUID=* | PARTLABEL=* | PARTUUID=*) ;; *) continue ;; esac
        case "$target" in / | none | swap) continue ;; esac
        case ",$options," in *,noauto,*) continue ;; esac
        [ "$type" = swap ] || echo "$target"
    done </etc/fstab
}
[ -r /etc/fstab ] || exit 0
if [ "$1" = mount ]; then
    status=0
    for target in $(devices); do
        mountpoint -q "$target" && continue
        mkdir -p "$target"
        mount "$target" || status=1
    done
    exit $status
fi
[ -n "$(devices)" ] || exit 0
mkdir -p "$1/local-fs.target.wants"
cat >"$1/fstab-devices.service" <<UNIT
[Unit]
Description=Mount the block devices of /etc/fstab
DefaultDependencies=no
After=systemd-remount-fs.service
Before=local-fs.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /run/systemd/system-generators/fstab-devices mount
UNIT
ln -s ../fstab-devices.service "$1/local-fs.target.wants/fstab-devices.service"
"""

#: Names of the folders that are bind-mounted into a server, below its own folder.
NETWORK, GENERATORS, DISK, UDEV = "network", "generators", "disk", "udev"


def write_run_files(facts: HostedServerFacts, folder: Path, devices: Mapping[str, str]) -> None:
    """Write the folders that are bind-mounted into a server: before each start and when its ports or disks change.

    The folders themselves are kept: a running server has them mounted.

    Args:
        facts: the server.
        folder: its folder on the host.
        devices: device in the server -> device on the host, of each of its disks.
    """
    wanted = {
        f"05-{nic.device}.network": networkd_text(nic, default_route=number == 0)
        for number, nic in enumerate(facts.nics)
    }
    _fill(folder / NETWORK, wanted)
    _fill(folder / GENERATORS, {"fstab-devices": GENERATOR}, mode=0o755)
    _fill(
        folder / UDEV, dict(_udev_record(devices[disk.device], disk) for disk in facts.disks if disk.device in devices)
    )
    links = folder / DISK / "by-id"
    links.mkdir(parents=True, exist_ok=True)
    for link in links.iterdir():
        link.unlink()
    for disk in facts.disks:
        (links / disk.by_id).symlink_to(f"../..{disk.device.removeprefix('/dev')}")


def _udev_record(device: str, disk: Disk) -> tuple[str, str]:
    """Name and text of udev's record of a disk."""
    major, minor = loop_device.numbers(device)
    # Exit status 2: nothing known on it.
    probed = try_run(["blkid", "--probe", "--output", "udev", device])
    known = probed.stdout.splitlines() if probed.returncode == 0 else []
    serial = disk.volume_id[:20]
    lines = ["I:1", f"S:disk/by-id/{disk.by_id}", f"E:ID_SERIAL={serial}", *(f"E:{line}" for line in known)]
    return f"b{major}:{minor}", "".join(f"{line}\n" for line in lines)


def prepare_root(facts: HostedServerFacts, root: Path) -> None:
    """Write the files that a new root needs before its first boot."""
    _write_inside(root, "etc/machine-id", "")
    if (root / "etc/resolv.conf").is_symlink():
        return
    servers = [address for nic in facts.nics for subnet in nic.subnets for address in subnet.dns]
    _write_inside(root, "etc/resolv.conf", "".join(f"nameserver {server}\n" for server in dict.fromkeys(servers)))


def _fill(folder: Path, files: dict[str, str], mode: int = 0o644) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)
            (folder / name).chmod(mode)


def _write_inside(root: Path, name: str, text: str) -> None:
    """Write a file in a server's root from outside; replaces a link there, which could lead out of the root.

    Raises:
        NotADirectoryError: a parent folder is a link: the image is not trustworthy.
    """
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        *parents, last = name.split("/")
        for part in parents:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        with suppress(FileNotFoundError):
            os.unlink(last, dir_fd=folder)
        file = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
        with os.fdopen(file, "w") as stream:
            stream.write(text)
    finally:
        os.close(folder)
