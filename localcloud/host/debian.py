"""Debian packages that the cloud needs on the machine, and why."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import MachineError
from localcloud.host.programs import SEARCH_PATH
from localcloud.host.server_kind import ServerKind
from localcloud.host.steps import Steps
from toolchain import apt


@dataclass(frozen=True)
class Package:
    """One Debian package.

    Attributes:
        name: the package.
        program: the needed program: if it is on PATH (including ``sbin``), the package is not needed. Or the path of a
            file, for a package without programs.
        why: a phrase for the operator.
        unit: a systemd unit that the package would start and that the cloud does not use.
    """

    name: str
    program: str
    why: str
    unit: str = ""

    @property
    def present(self) -> bool:
        """Whether the machine has what the package is for."""
        if self.program.startswith("/"):
            return Path(self.program).exists()
        return shutil.which(self.program, path=SEARCH_PATH) is not None


_EVERY_CLOUD = (
    Package("mariadb-server-core", "mariadbd", "the services' database"),
    Package("mariadb-client-core", "mariadb", "creates the databases"),
    Package("iproute2", "ip", "networks of the servers"),
    Package("nftables", "nft", "anti-spoofing and security groups"),
    Package("e2fsprogs", "mkfs.ext4", "file systems on volumes that servers boot from"),
    Package("dnsmasq-base", "dnsmasq", "DHCP for the servers"),
    Package("mmdebstrap", "mmdebstrap", "makes the base image"),
    Package("zstd", "zstd", "compresses images"),
    Package("apt-cacher-ng", "apt-cacher-ng", "the package mirror for image builds", unit="apt-cacher-ng.service"),
)

_OF_KIND = {
    ServerKind.CONTAINER: (
        Package("systemd-container", "systemd-nspawn", "runs the servers as systemd-nspawn containers"),
    ),
    ServerKind.VM: (
        Package("libvirt-daemon", "libvirtd", "runs the servers as virtual machines"),
        Package("python3-libvirt", "/usr/lib/python3/dist-packages/libvirt.py", "how Nova talks to libvirtd"),
        Package("qemu-system-x86", "qemu-system-x86_64", "the virtual machines themselves"),
        Package("qemu-utils", "qemu-img", "converts images and volumes"),
        Package("ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd", "the firmware of virtual machines with UEFI"),
        Package("genisoimage", "genisoimage", "makes config drives"),
        Package("fdisk", "sfdisk", "partitions the base image"),
        Package("mtools", "mcopy", "writes the base image's EFI system partition"),
    ),
}

PACKAGES = _EVERY_CLOUD + _OF_KIND[ServerKind.CONTAINER]


def packages(kind: ServerKind) -> tuple[Package, ...]:
    """The packages of a cloud with servers of this kind."""
    return _EVERY_CLOUD + _OF_KIND[kind]


def missing(packages: Iterable[Package] = PACKAGES) -> list[Package]:
    """The packages that the machine lacks."""
    return [package for package in packages if not package.present]


def install(packages: Iterable[Package], steps: Steps) -> None:
    """Install packages with apt, and report which and why.

    Raises:
        MachineError: a unit cannot be masked.
        PackageInstallError: apt is missing or fails.
    """
    wanted = list(packages)
    if not wanted:
        return
    for package in wanted:
        steps.note(f"installing Debian package {package.name}: {package.why}")
        if package.unit and Path("/run/systemd/system").is_dir():
            # The cloud runs its own instance; the package's must not start, now or at the next boot.
            _mask(package.unit)
    names = [package.name for package in wanted]
    with steps.step(f"Debian packages {', '.join(names)}"):
        apt.install(names, lambda said: steps.note(f"waiting for another package manager: {said}"))


def refuse(packages: Iterable[Package]) -> None:
    """Report what is missing instead of installing it.

    Raises:
        MachineError: a package is missing.
    """
    wanted = list(packages)
    if wanted:
        raise MachineError(
            "this machine lacks Debian packages that the cloud needs",
            evidence="\n".join(f"{package.name}: {package.why}" for package in wanted),
            remedy=f"apt-get install --no-install-recommends {' '.join(package.name for package in wanted)}",
        )


def _mask(unit: str) -> None:
    done = subprocess.run(["systemctl", "mask", unit], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(
            f"systemctl mask {unit} failed with exit status {done.returncode}", evidence=done.stdout + done.stderr
        )
