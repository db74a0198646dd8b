"""How an image is built: what goes into it, and the server that it is built on."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.access import SshAccess
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import LIVE, REBUILD
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    CloudName,
    FilePath,
    Flag,
    Gigabytes,
    Key,
    Line,
    MirrorPassword,
    MirrorUser,
    PackageName,
    PropertyName,
    PropertyValue,
    RepositoryUrl,
    Seconds,
    Snapshot,
    Url,
    VariableName,
)


class BuildGroup(StrEnum):
    """Inventory groups that an image can be built for."""

    CONTROL = "control"
    LOGIN = "login"
    COMPUTE = "compute"
    DEV = "dev"


class Visibility(StrEnum):
    """Who can see an image."""

    PRIVATE = "private"
    SHARED = "shared"
    COMMUNITY = "community"
    PUBLIC = "public"


class DiskFormat(StrEnum):
    """How an image is stored."""

    RAW = "raw"
    QCOW2 = "qcow2"


class SelinuxMode(StrEnum):
    """How SELinux runs on nodes of an image."""

    ENFORCING = "enforcing"
    PERMISSIVE = "permissive"
    DISABLED = "disabled"


class PackageFamily(StrEnum):
    """Whose packages of Slurm and Lmod an image has."""

    DISTRIBUTION = "distribution"
    OPENHPC = "openhpc"


class PackageRepositoryConfig(Section):
    """One repository file on the build server: apt's where suite is set, dnf's otherwise."""

    url: Annotated[RepositoryUrl, REBUILD] = Field(
        description="Base URL. ${mirror} and ${snapshot} stand for the settings beside it.",
        examples=["${mirror}/pulp/content/debian/trixie/${snapshot}"],
    )
    suite: Annotated[Line | None, REBUILD] = Field(None, description="apt: the suite.", examples=["trixie"])
    components: Annotated[tuple[Line, ...], REBUILD] = Field(("main",), description="apt: the components.")
    gpg_key: Annotated[FilePath | None, REBUILD] = Field(
        None,
        description="Public key that signs it: a file, or the name of one that comes with the product. dnf: required. "
        "apt: if not set, the keys that the base image trusts.",
        examples=["keys/site.asc"],
    )


class PackageSourcesConfig(Section):
    """Where packages come from while an image is built; nothing of it stays in the image."""

    mirror: Annotated[Url | None, REBUILD] = Field(
        None,
        description="Address of the mirror: a Pulp server, or any web server.",
        examples=["http://mirror.example.org"],
    )
    snapshot: Annotated[Snapshot | None, REBUILD] = Field(
        None,
        description="Time stamp in the mirror's paths: the same one gives the same packages.",
        examples=["20261123T031500"],
    )
    repositories: Annotated[Mapping[Key, PackageRepositoryConfig], Keyed("repository", "debian"), REBUILD] = Field(
        {},
        description="Repository files that replace those of the base image. None: the base image's are used.",
    )
    username: Annotated[MirrorUser | None, LIVE] = Field(
        None, description="User name at the mirror.", examples=["builder"]
    )
    password: Annotated[MirrorPassword | None, LIVE] = Field(
        None, description="Password at the mirror.", examples=[{"secure": "v1:..."}]
    )
    sync: Annotated[Flag, LIVE] = Field(
        False,
        description="Before a build, let this machine's mirror sync and publish the snapshot if it has none so named.",
    )


#: What the feature surface asks of every image; os_admin_user and the disk bus follow from the build's other settings.
DEFAULT_PROPERTIES = {
    "hw_architecture": "x86_64",
    "hw_firmware_type": "uefi",
    "hw_machine_type": "q35",
    "hw_vif_multiqueue_enabled": "true",
    "os_type": "linux",
}


class ImageBuildConfig(Section):
    """One build: what goes in, and the server that it happens on."""

    base_image: Annotated[ImageSource, REBUILD] = Field(
        description="Image to start from: the distribution's for a full build, one of ours to add to it. An id, a name "
        "or {build: NAME}.",
        examples=["debian-13-genericcloud-amd64"],
    )
    groups: Annotated[tuple[BuildGroup, ...], REBUILD] = Field(
        (BuildGroup.CONTROL, BuildGroup.LOGIN, BuildGroup.COMPUTE),
        description="Inventory groups to install packages for.",
    )
    site_groups: Annotated[tuple[VariableName, ...], REBUILD] = Field(
        (),
        description="More inventory groups, of the site's own layer: for hooks of image builds, and with group_vars.",
        examples=[["gpu"]],
    )
    extra_packages: Annotated[tuple[PackageName, ...], REBUILD] = Field(
        (), description="More packages to install.", examples=[["htop", "tmux"]]
    )
    package_sources: Annotated[PackageSourcesConfig, REBUILD] = Field(
        PackageSourcesConfig(), description="Where packages come from."
    )
    package_family: Annotated[PackageFamily, REBUILD] = Field(
        PackageFamily.DISTRIBUTION,
        description="Whose packages of Slurm and Lmod are installed. openhpc: OpenHPC 3, for Enterprise Linux 9; one "
        "of package_sources.repositories has them.",
    )
    selinux: Annotated[SelinuxMode, REBUILD] = Field(
        SelinuxMode.PERMISSIVE,
        description="How SELinux runs on nodes of the image, where there is one. enforcing: only the database "
        "on the state volume is labelled.",
    )
    image_name_prefix: Annotated[CloudName, REBUILD] = Field(
        "slurm", description="First part of the image's name; a digest of its content follows."
    )
    visibility: Annotated[Visibility, LIVE] = Field(Visibility.PRIVATE, description="Who can see the image.")
    disk_format: Annotated[DiskFormat, REBUILD] = Field(DiskFormat.RAW, description="How the image is stored.")
    properties: Annotated[Mapping[PropertyName, PropertyValue], Keyed("property", "hw_machine_type"), REBUILD] = Field(
        DEFAULT_PROPERTIES,
        description="Image properties; replaces the default as a whole. os_admin_user and the disk bus are added.",
    )
    flavor: Annotated[CloudName, LIVE] = Field(description="Flavor of the build server.", examples=["m1.medium"])
    network: Annotated[CloudName | None, LIVE] = Field(
        None, description="Network of the build server. Not set: the first of cluster_networks.", examples=["cluster"]
    )
    security_groups: Annotated[tuple[CloudName, ...] | None, LIVE] = Field(
        None,
        description="Security groups of the build server. Not set: one that allows ssh is made for the build.",
        examples=[["default", "ssh"]],
    )
    floating_ip_network: Annotated[CloudName | None, LIVE] = Field(
        None, description="External network to take a floating IP from during the build.", examples=["external"]
    )
    availability_zone: Annotated[CloudName | None, LIVE] = Field(
        None, description="Availability zone of the build server.", examples=["nova"]
    )
    ssh: Annotated[SshAccess | None, LIVE] = Field(
        None,
        description="How to log in to the build server. Not set: as to the cluster's nodes.",
    )
    volume_backed_instances: Annotated[Flag, LIVE] = Field(
        False, description="Build on a volume; the image is made from the volume."
    )
    root_volume_size: Annotated[Gigabytes, LIVE] = Field(20, description="Size of that volume in GB.")
    root_volume_type: Annotated[CloudName | None, LIVE] = Field(
        None, description="Type of that volume. Not set: the cloud's default.", examples=["ssd"]
    )
    force: Annotated[Flag, REBUILD] = Field(False, description="Build even where an image with this content exists.")
    keep_on_failure: Annotated[Flag, LIVE] = Field(
        False, description="Keep the build server of a failed build, to log in to."
    )
    ssh_timeout: Annotated[Seconds, LIVE] = Field(1200, description="Seconds to wait for ssh to the build server.")
    build_timeout: Annotated[Seconds, LIVE] = Field(7200, description="Seconds that a whole build may take.")
