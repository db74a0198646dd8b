"""The recipe of the base image, and its digest: the same recipe gives the same image."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.image.content import MINIMAL, ImageContent
from localcloud.image.sources import AptSource

#: Packages of Debian's GenericCloud image that we need, in addition to dpkg's essential packages.
PACKAGES = (
    "apt-utils",
    "ca-certificates",
    "cloud-guest-utils",
    "cloud-init",
    "curl",
    "dbus",
    "e2fsprogs",
    "fdisk",
    "iproute2",
    "iputils-ping",
    "kmod",
    "less",
    "libpam-systemd",
    "locales",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-sysv",
    "udev",
    "vim-tiny",
)

#: Files of the image, by path. Each difference from a GenericCloud image has a reason.
FILES = {
    "/etc/hostname": "debian\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    # mmdebstrap leaves the machine's own name servers there, which servers cannot reach.
    "/etc/resolv.conf": "",
    # Empty: systemd generates an ID for each server at its first boot.
    "/etc/machine-id": "",
    "/etc/default/locale": "LANG=C.UTF-8\n",
    "/etc/cloud/cloud.cfg.d/90-openstack.cfg": "\n".join(
        (
            "# The only cloud that this image is for: nothing has to be detected.",
            "datasource_list: [OpenStack, None]",
            "# Without a container's network being probed, the first answer comes at once.",
            "datasource: {OpenStack: {max_wait: 60, timeout: 10, retries: 3}}",
            "# C.UTF-8 is there; generating another locale takes ten seconds of each first boot.",
            "locale: false",
            "manage_etc_hosts: true",
            "# The machine's own package sources, which the image was made from.",
            "apt: {preserve_sources_list: true}",
            "",
        )
    ),
}

ENABLED = ("systemd-networkd.service",)


_NOT_FRESH = 'Acquire::Check-Valid-Until "false"'


@dataclass(frozen=True)
class ImageRecipe:
    """How to create the image.

    Attributes:
        sources: package sources, also written into the image.
        architecture: Debian's name of it.
        check_valid_until: whether the archive must be as fresh as it promises. Mirrors of suites that change every day
            are often not.
        content: what it has apart from what every image needs.
    """

    sources: tuple[AptSource, ...]
    architecture: str
    check_valid_until: bool = True
    content: ImageContent = MINIMAL

    @property
    def digest(self) -> str:
        """Names the image: sixteen hexadecimal digits."""
        parts = [*map(str, self.sources), self.architecture, *self.packages, json.dumps(self.files)]
        parts += [*self.masked, *ENABLED, *self.hooks, *self.form]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages in addition to dpkg's essential ones."""
        return (*PACKAGES, *self.content.packages)

    @property
    def masked(self) -> tuple[str, ...]:
        """Units that must not run."""
        return self.content.masked

    @property
    def hooks(self) -> tuple[str, ...]:
        """Commands of a shell at the end, with the image's root as ``$1``."""
        return (*_HOOKS, *self.content.hooks)

    @property
    def form(self) -> tuple[str, ...]:
        """What else determines the image; nothing for a root filesystem."""
        return ()

    @property
    def files(self) -> dict[str, str]:
        """Files of the image, by path."""
        return FILES if self.check_valid_until else {**FILES, "/etc/apt/apt.conf.d/90-not-fresh": f"{_NOT_FRESH};\n"}

    def command(self, mmdebstrap: str, tree: str, target: str) -> list[str]:
        """The command line that creates it.

        Args:
            mmdebstrap: the program.
            tree: a folder with `files` at their paths in the image.
            target: the tar file to write.
        """
        suite = self.sources[0].suite
        command = [mmdebstrap, "--mode=root", "--variant=minbase", f"--architectures={self.architecture}"]
        command += ["--format=tar", "--quiet", f"--include={','.join(self.packages)}"]
        if not self.check_valid_until:
            command.append(f"--aptopt={_NOT_FRESH}")
        hooks = [
            f'cp --recursive --remove-destination --no-preserve=ownership {tree}/. "$1"',
            *self.hooks,
            *((_units("mask", self.masked),) if self.masked else ()),
            _units("enable", ENABLED),
        ]
        command += [f"--customize-hook={hook}" for hook in hooks]
        return [*command, suite, target, *map(str, self.sources)]


def _units(action: str, units: Sequence[str]) -> str:
    return f'systemctl --root="$1" --quiet {action} {" ".join(units)}'


_HOOKS = (
    # Each server creates its own host keys.
    'rm -f "$1"/etc/ssh/ssh_host_*',
    'rm -rf "$1"/var/lib/cloud "$1"/var/lib/dbus/machine-id',
)
