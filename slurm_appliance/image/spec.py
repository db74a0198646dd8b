"""The input of one build: plain data, passed on unchanged from the configuration to the building process."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from slurm_appliance.errors import UsageError
from slurm_appliance.image.no_proxy import bypasses
from slurm_appliance.site_layer.layers import ImageLayer

#: Image properties that every cluster image gets; the site's own ones override them.
DEFAULT_PROPERTIES: Mapping[str, str] = {
    "hw_architecture": "x86_64",
    "hw_firmware_type": "uefi",
    "hw_machine_type": "q35",
    "hw_vif_multiqueue_enabled": "true",
    "os_type": "linux",
}
#: The disk bus for each format of the image.
FORMAT_PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "raw": {"hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi"},
    "qcow2": {"hw_disk_bus": "virtio"},
}
#: Inventory groups that an image can be built for. ``all`` is always included and not listed.
GROUPS = ("control", "login", "compute", "dev", "extra_packages")


@dataclass(frozen=True)
class PackageRepository:
    """One package repository that replaces the base image's own.

    Attributes:
        name: name of its file.
        url: base URL, without credentials.
        suite: apt's suite; empty for dnf.
        components: apt's components.
        key: its public key, ASCII-armoured; empty to use the keys that the base image trusts.
    """

    name: str
    url: str
    suite: str = ""
    components: tuple[str, ...] = ("main",)
    key: str = ""


@dataclass(frozen=True)
class PackageSources:
    """Package sources during the build; not kept in the image.

    Attributes:
        repositories: replace those of the base image; empty: use the base image's unchanged.
        snapshot: label of the package state, usually a time stamp; a new one requires a new image.
        proxy: proxy for package downloads by http, with its login.
        https_proxy: the same by https.
        no_proxy: what is reached without it.
        username: user name at the repositories.
        password: password at the repositories.
        keep_distribution: restore the base image's own repositories at the end; otherwise the image has none.
        sync: first publish the snapshot with this machine's mirror.
    """

    repositories: tuple[PackageRepository, ...] = ()
    snapshot: str = ""
    proxy: str = field(default="", repr=False)
    https_proxy: str = field(default="", repr=False)
    no_proxy: tuple[str, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    keep_distribution: bool = True
    sync: bool = False

    @property
    def secret(self) -> bool:
        """Whether any of it must not be shown."""
        return bool(self.password) or "@" in self.proxy + self.https_proxy

    @property
    def direct(self) -> list[str]:
        """The hosts that are reached without the proxy: package managers know no domains and networks."""
        hosts = {urlsplit(each.url).hostname or "" for each in self.repositories}
        named = {each for each in self.no_proxy if not each.startswith(".") and "/" not in each}
        return sorted(named | {host for host in hosts if bypasses(host, self.no_proxy)})


@dataclass(frozen=True)
class Ssh:
    """How to reach the build server.

    Attributes:
        user: the base image's user, who may become root.
        port: port of its ssh server.
        bastion_host: jump host; its key must be in the operator's known_hosts.
        bastion_user: user on the bastion.
        bastion_key_file: private key for the bastion; empty: ssh's defaults.
    """

    user: str = "debian"
    port: int = 22
    bastion_host: str = ""
    bastion_user: str = ""
    bastion_key_file: str = ""


@dataclass(frozen=True)
class Machine:
    """The build server, whose properties do not affect the image.

    Attributes:
        flavor: name or id.
        network: name or id.
        security_groups: names or ids; None: create one that allows ssh for the build.
        floating_ip_network: external network for a floating IP; empty: none.
        availability_zone: empty: Nova chooses.
        volume_size: GB of a root volume; 0: boot from the image.
        volume_type: of that volume; empty: the cloud's default.
        ssh: how to log in.
    """

    flavor: str
    network: str
    security_groups: tuple[str, ...] | None = None
    floating_ip_network: str = ""
    availability_zone: str = ""
    volume_size: int = 0
    volume_type: str = ""
    ssh: Ssh = Ssh()


@dataclass(frozen=True)
class ImageBuild:
    """A requested image, and how to build it if it does not exist.

    Attributes:
        base: ID or name of the base image; for our images the name, which has the digest of the content.
        groups: inventory groups that packages are installed for.
        machine: the build server.
        extra_packages: additional packages, by the distribution's names.
        sources: the package sources.
        cacerts: certificates that the build server trusts while it is built, each as PEM text.
        prefix: first part of the image's name.
        visibility: who can see the image.
        disk_format: ``raw`` or ``qcow2``: for builds on a volume; otherwise Nova chooses.
        properties: image properties in addition to, or instead of, the defaults.
        selinux: how SELinux runs on nodes of the image, where the distribution has it.
        package_family: whose packages of Slurm and Lmod are installed: ``distribution`` or ``openhpc``.
        salt: any text; changing it requires a new image even if nothing else changed.
        layer: what the build uses of the site's own layer, if anything; found by its stack's name, not by a path.
        ssh_timeout: timeout for ssh, in seconds.
        build_timeout: timeout of the whole build, in seconds.
        keep_on_failure: keep the server of a failed build.
        site_groups: inventory groups of the site's own layer.
    """

    base: str
    groups: tuple[str, ...]
    machine: Machine
    extra_packages: tuple[str, ...] = ()
    sources: PackageSources = PackageSources()
    cacerts: tuple[str, ...] = ()
    prefix: str = "slurm"
    visibility: str = "private"
    disk_format: str = "raw"
    properties: Mapping[str, str] = field(default_factory=dict)
    selinux: str = "permissive"
    package_family: str = "distribution"
    salt: str = ""
    layer: ImageLayer | None = None
    ssh_timeout: int = 1200
    build_timeout: int = 7200
    keep_on_failure: bool = False
    site_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.groups) - set(GROUPS))
        if unknown:
            raise UsageError(f"unknown group {', '.join(unknown)}", remedy=f"the groups are: {', '.join(GROUPS)}")
        if self.disk_format not in FORMAT_PROPERTIES:
            raise UsageError(
                f"unsupported disk format {self.disk_format}", remedy=f"allowed: {', '.join(FORMAT_PROPERTIES)}"
            )

    @property
    def all_groups(self) -> tuple[str, ...]:
        """The groups in a fixed order, with ``extra_packages`` if there are any; then the site's own."""
        wanted = {*self.groups, *(("extra_packages",) if self.extra_packages else ())}
        return (*(group for group in GROUPS if group in wanted), *sorted(set(self.site_groups)))

    @property
    def all_properties(self) -> dict[str, str]:
        """The image properties from the operator's settings."""
        user = {"os_admin_user": self.machine.ssh.user}
        return {**DEFAULT_PROPERTIES, **FORMAT_PROPERTIES[self.disk_format], **user, **self.properties}


def to_json(build: ImageBuild) -> str:
    """The build as JSON, including secrets: for the standard input of the building process."""
    return json.dumps(dataclasses.asdict(build), sort_keys=True)


def from_json(text: str) -> ImageBuild:
    """Parse a build from :func:`to_json`.

    Raises:
        UsageError: the text is malformed.
    """
    try:
        data = json.loads(text)
        machine = dict(data["machine"])
        groups = machine["security_groups"]
        sources = dict(data["sources"])
        return ImageBuild(
            **{
                **data,
                "groups": tuple(data["groups"]),
                "layer": ImageLayer(**data["layer"]) if data.get("layer") else None,
                "site_groups": tuple(data.get("site_groups", ())),
                "extra_packages": tuple(data["extra_packages"]),
                "cacerts": tuple(data.get("cacerts", ())),
                "machine": Machine(
                    **{
                        **machine,
                        "security_groups": None if groups is None else tuple(groups),
                        "ssh": Ssh(**machine["ssh"]),
                    }
                ),
                "sources": PackageSources(
                    **{
                        **sources,
                        "repositories": tuple(_repository(each) for each in sources["repositories"]),
                        "no_proxy": tuple(sources.get("no_proxy", ())),
                    }
                ),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"cannot read the build's description: {error!r}", where="standard input", remedy="use the command line"
        ) from error


def _repository(data: Mapping[str, Any]) -> PackageRepository:
    return PackageRepository(**{**data, "components": tuple(data["components"])})
