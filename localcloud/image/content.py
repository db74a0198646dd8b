"""What a base image has apart from what every image needs: nothing more, or what acts by itself in Debian's image."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageContent:
    """The difference between base images of the same release.

    Attributes:
        name: as it ends the image's name.
        packages: packages in addition to those of every image.
        masked: units that must not run.
        disk_masked: units that must not run on a virtual machine either.
        hooks: commands of a shell at the end, with the image's root as ``$1``.
        disk_hooks: those of a virtual machine's image only.
        disk_mounts: lines of a virtual machine's /etc/fstab.
    """

    name: str = ""
    packages: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    disk_masked: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    disk_hooks: tuple[str, ...] = ()
    disk_mounts: str = ""


#: Boots fast: units that would download packages or maintain disks during tests do not run, nor do, on an emulated
#: machine, those that take seconds for a cache that nobody misses or for checks of a disk that is a day old.
MINIMAL = ImageContent(
    masked=("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    disk_masked=("e2scrub_reap.service", "grub-common.service", "ldconfig.service"),
)

#: What else acts by itself in Debian 13's GenericCloud image (config_space/13/package_config of debian-cloud-images).
GENERIC_CLOUD = ImageContent(
    name="genericcloud",
    packages=(
        "apparmor",
        "cloud-initramfs-growroot",
        "iptables",
        "libnss-myhostname",
        "libnss-resolve",
        "linux-sysctl-defaults",
        "netplan.io",
        "polkitd",
        "systemd-resolved",
        "systemd-timesyncd",
        "unattended-upgrades",
    ),
    # As systemd-resolved's own installation leaves it.
    hooks=('ln --symbolic --force ../run/systemd/resolve/stub-resolv.conf "$1"/etc/resolv.conf',),
    disk_hooks=('mkdir -p "$1"/boot/efi',),
    disk_mounts="LABEL=ESP /boot/efi vfat umask=0077 0 1\n",
)
