"""What one build is asked for: plain data, handed on unchanged from the configuration to the building process."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slurm_appliance.errors import UsageError

#: Image properties that every cluster image gets; the site's own ones win.
DEFAULT_PROPERTIES: Mapping[str, str] = {
    "hw_architecture": "x86_64",
    "hw_firmware_type": "uefi",
    "hw_machine_type": "q35",
    "hw_vif_multiqueue_enabled": "true",
    "os_type": "linux",
}
#: What the disk bus should be for each format of the image.
FORMAT_PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "raw": {"hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi"},
    "qcow2": {"hw_disk_bus": "virtio"},
}
#: Inventory groups that an image can be built for. ``all`` is always among them and is not named.
GROUPS = ("control", "login", "compute", "dev", "extra_packages")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class PackageRepository:
    """One package repository that replaces the base image's own.

    Attributes:
        name: names its file.
        url: base URL, without credentials.
        suite: apt's suite; empty for dnf.
        components: apt's components.
        key: the public key that signs it, ASCII-armoured; empty for the keys that the base image trusts.
    """

    name: str
    url: str
    suite: str = ""
    components: tuple[str, ...] = ("main",)
    key: str = ""


@dataclass(frozen=True)
class PackageSources:
    """Where packages come from during the build; nothing of it stays in the image.

    Attributes:
        repositories: replace those of the base image; none: the base image's are used as they are.
        snapshot: label of the state of the packages, a time stamp as a rule; a new one asks for a new image.
        proxy: HTTP proxy for package downloads.
        username: at the repositories.
        password: likewise.
        keep_distribution: put the base image's own repositories back at the end; else the image has none.
        sync: have the mirror of this machine publish the snapshot first.
    """

    repositories: tuple[PackageRepository, ...] = ()
    snapshot: str = ""
    proxy: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    keep_distribution: bool = True
    sync: bool = False


@dataclass(frozen=True)
class Ssh:
    """How the build server is reached.

    Attributes:
        user: of the base image; may become root.
        port: of its ssh server.
        bastion_host: host to go through; its key has to be in the operator's known_hosts.
        bastion_user: on the bastion.
        bastion_key_file: private key for the bastion; empty: ssh's defaults.
    """

    user: str = "debian"
    port: int = 22
    bastion_host: str = ""
    bastion_user: str = ""
    bastion_key_file: str = ""


@dataclass(frozen=True)
class Machine:
    """The build server, which leaves no trace in the image.

    Attributes:
        flavor: name or id.
        network: name or id.
        security_groups: names or ids; None: one that allows ssh is made for the build.
        floating_ip_network: external network to take a floating IP from; empty: none.
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
    """One image to be had, and how to build it where it does not exist.

    Attributes:
        base: id or name of the image to start from; for one of ours the name, which carries its content's digest.
        groups: inventory groups that packages are installed for.
        machine: the build server.
        extra_packages: more packages, by the distribution's names.
        sources: where packages come from.
        prefix: first part of the image's name.
        visibility: who can see the image.
        disk_format: ``raw`` or ``qcow2``: of builds on a volume; Nova chooses for the others.
        properties: image properties beyond the defaults, or in place of them.
        salt: any text; a changed one asks for a new image although nothing else changed.
        ssh_timeout: seconds to wait for ssh.
        build_timeout: seconds that the whole build may take.
        keep_on_failure: leave the server of a failed build.
    """

    base: str
    groups: tuple[str, ...]
    machine: Machine
    extra_packages: tuple[str, ...] = ()
    sources: PackageSources = PackageSources()
    prefix: str = "slurm"
    visibility: str = "private"
    disk_format: str = "raw"
    properties: Mapping[str, str] = field(default_factory=dict)
    salt: str = ""
    ssh_timeout: int = 1200
    build_timeout: int = 7200
    keep_on_failure: bool = False

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
        """The groups in a fixed order, with ``extra_packages`` where there are any."""
        wanted = {*self.groups, *(("extra_packages",) if self.extra_packages else ())}
        return tuple(group for group in GROUPS if group in wanted)

    @property
    def all_properties(self) -> dict[str, str]:
        """The properties that the image gets from its operator's settings."""
        user = {"os_admin_user": self.machine.ssh.user}
        return {**DEFAULT_PROPERTIES, **FORMAT_PROPERTIES[self.disk_format], **user, **self.properties}


def is_id(reference: str) -> bool:
    """Whether a reference to an image is an id and not a name."""
    return _UUID.fullmatch(reference.lower()) is not None


def to_json(build: ImageBuild) -> str:
    """The build as text, with its secrets: for the standard input of the building process."""
    return json.dumps(dataclasses.asdict(build), sort_keys=True)


def from_json(text: str) -> ImageBuild:
    """The build that :func:`to_json` was given.

    Raises:
        UsageError: the text is something else.
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
                "extra_packages": tuple(data["extra_packages"]),
                "machine": Machine(
                    **{
                        **machine,
                        "security_groups": None if groups is None else tuple(groups),
                        "ssh": Ssh(**machine["ssh"]),
                    }
                ),
                "sources": PackageSources(
                    **{**sources, "repositories": tuple(_repository(each) for each in sources["repositories"])}
                ),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"cannot read the build's description: {error!r}", where="standard input", remedy="use the command line"
        ) from error


def _repository(data: Mapping[str, Any]) -> PackageRepository:
    return PackageRepository(**{**data, "components": tuple(data["components"])})
