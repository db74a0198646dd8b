"""File systems that nodes mount beside the home directories."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slurm_appliance.config.kinds import Keyed
from slurm_appliance.config.policy import LIVE, REPLACE, RERUN_PLAYBOOK, Consequence
from slurm_appliance.config.section import Section
from slurm_appliance.config.values import (
    AbsolutePath,
    CephKey,
    Cidr,
    CloudName,
    DevicePath,
    FileMode,
    Flag,
    Gigabytes,
    GroupName,
    HostName,
    Key,
    Line,
    MountOption,
    MountSource,
    NfsConnections,
    SlurmWord,
    TmpfsSize,
)

_MOUNTED = Consequence(
    "site.yml runs again, and compute nodes follow: what is new is mounted, what is gone is unmounted. A file system "
    "in use keeps its former options until its node reboots."
)
_GROWN = Consequence("A larger share grows in place. It does not shrink: a smaller size is refused.")
_FIXED = Consequence("Refused for a share that exists: it would be another one, with nothing on it.")
_GRANTED = Consequence("The access rules are made anew: nodes cannot reach the share for some seconds.")


class FileSystemType(StrEnum):
    """What is mounted."""

    NFS = "nfs"
    CEPHFS = "cephfs"
    LUSTRE = "lustre"
    BIND = "bind"
    TMPFS = "tmpfs"
    DISK = "disk"


class NfsVersion(StrEnum):
    """Versions of NFS."""

    V3 = "3"
    V4 = "4"
    V4_0 = "4.0"
    V4_1 = "4.1"
    V4_2 = "4.2"


class BlankDiskFormat(StrEnum):
    """File systems that a blank disk gets."""

    EXT4 = "ext4"
    XFS = "xfs"


class AccessLevel(StrEnum):
    """What nodes may do on a share."""

    READ_WRITE = "rw"
    READ_ONLY = "ro"


class ShareCreation(Section):
    """A share of Manila that is created. It is protected, and stays when the cluster is destroyed."""

    size: Annotated[Gigabytes, LIVE, _GROWN] = Field(description="Size in GB.", examples=[500])
    share_type: Annotated[CloudName | None, REPLACE, _FIXED] = Field(
        None, description="Share type. Not set: the cloud's default.", examples=["cephfs"]
    )
    share_network: Annotated[CloudName | None, REPLACE, _FIXED] = Field(
        None,
        description="Share network, for a share type whose driver makes share servers.",
        examples=["cluster"],
    )
    availability_zone: Annotated[CloudName | None, REPLACE, _FIXED] = Field(
        None, description="Availability zone of Manila. Not set: any.", examples=["nova"]
    )
    access_level: Annotated[AccessLevel, LIVE, _GRANTED] = Field(
        AccessLevel.READ_WRITE, description="What the share lets nodes do."
    )
    clients: Annotated[tuple[Cidr, ...] | None, LIVE] = Field(
        None,
        description="nfs: addresses that may mount it, IPv4. Not set: the subnets of the nodes that do. Set it where "
        "the server sees other addresses, such as a router's.",
        examples=[["192.0.2.0/24"]],
    )


class FileSystem(Section):
    """A file system, and the groups whose nodes mount it."""

    type: Annotated[FileSystemType, RERUN_PLAYBOOK, _MOUNTED] = Field(description="What it is.", examples=["nfs"])
    mount_point: Annotated[AbsolutePath, RERUN_PLAYBOOK, _MOUNTED] = Field(
        description="Directory that it is mounted at.", examples=["/scratch"]
    )
    groups: Annotated[tuple[GroupName, ...] | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="Groups whose nodes mount it; control is the control node. Not set: all login and compute groups.",
        examples=[["general", "entry"]],
    )
    options: Annotated[tuple[MountOption, ...], RERUN_PLAYBOOK, _MOUNTED] = Field(
        (), description="More mount options.", examples=[["ro", "noatime"]]
    )
    automount: Annotated[Flag, RERUN_PLAYBOOK, _MOUNTED] = Field(
        False, description="Mount it when it is first used instead of at boot."
    )
    share: Annotated[CloudName | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="nfs, cephfs: a share of Manila, by name. With create, not set: CLUSTER-NAME.",
        examples=["projects"],
    )
    create: Annotated[ShareCreation | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="nfs, cephfs: create the share. Not set: it exists."
    )
    server: Annotated[HostName | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="nfs: the server. Not set, and no share: the control node, which exports it to the cluster.",
        examples=["nfs.example.org"],
    )
    export: Annotated[AbsolutePath | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="nfs: directory that the server exports.", examples=["/export/scratch"]
    )
    version: Annotated[NfsVersion | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="nfs: version of the protocol. Not set: the newest of both sides.", examples=["4.2"]
    )
    nconnect: Annotated[NfsConnections | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="nfs: number of connections to the server.", examples=[8]
    )
    rdma: Annotated[Flag, RERUN_PLAYBOOK, _MOUNTED] = Field(
        False, description="nfs: over RDMA, port 20049. The nodes' images need the drivers."
    )
    monitors: Annotated[tuple[HostName, ...], RERUN_PLAYBOOK, _MOUNTED] = Field(
        (),
        description="cephfs: addresses of the monitors, where no share of Manila is named.",
        examples=[["192.0.2.11", "192.0.2.12:6789"]],
    )
    path: Annotated[AbsolutePath | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="cephfs: directory in the file system. Not set: its root.", examples=["/volumes/projects"]
    )
    filesystem: Annotated[SlurmWord | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="cephfs: name of the file system, where the cluster has several.", examples=["cephfs"]
    )
    user: Annotated[SlurmWord | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="cephfs: user at Ceph, without client.", examples=["projects-ro"]
    )
    key: Annotated[CephKey | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="cephfs: the user's key. Not set: that of the share's access rule for the user.",
        examples=[{"secure": "v1:..."}],
    )
    source: Annotated[MountSource | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="lustre: servers and name. bind: the directory to show at the mount point.",
        examples=["192.0.2.21@tcp:192.0.2.22@tcp:/lustre"],
    )
    lnet: Annotated[Line | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="lustre: options of the kernel module lnet; the same for all of a node's Lustre file systems.",
        examples=["networks=tcp(eth1)"],
    )
    size: Annotated[TmpfsSize | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="tmpfs: how large it may become. Not set: half of the memory.", examples=["8G"]
    )
    mode: Annotated[FileMode | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="tmpfs, disk: permissions of its top directory.", examples=["1777"]
    )
    volume: Annotated[Key | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="disk: one of the groups' extra_volumes; on the control node of control_extra_volumes.",
        examples=["scratch"],
    )
    device: Annotated[DevicePath | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None, description="disk: a disk that the nodes have.", examples=["/dev/nvme0n1"]
    )
    format: Annotated[BlankDiskFormat | None, RERUN_PLAYBOOK, _MOUNTED] = Field(
        None,
        description="disk: file system that a blank disk gets; others are never formatted. Not set: ext4.",
        examples=["ext4"],
    )


class FileSystemsConfig(Section):
    """File systems: what nodes mount beside the home directories."""

    filesystems: Annotated[Mapping[Key, FileSystem], Keyed("filesystem", "scratch"), RERUN_PLAYBOOK, _MOUNTED] = Field(
        {}, description="File systems that nodes mount, by name."
    )


def of_manila(filesystem: FileSystem) -> bool:
    """Whether a file system is a share of Manila."""
    return filesystem.share is not None or filesystem.create is not None


#: Settings of each type, beside those that all have.
SETTINGS: Mapping[FileSystemType, tuple[str, ...]] = {
    FileSystemType.NFS: ("share", "create", "server", "export", "version", "nconnect", "rdma"),
    FileSystemType.CEPHFS: ("share", "create", "monitors", "path", "filesystem", "user", "key"),
    FileSystemType.LUSTRE: ("source", "lnet"),
    FileSystemType.BIND: ("source",),
    FileSystemType.TMPFS: ("size", "mode"),
    FileSystemType.DISK: ("volume", "device", "format", "mode"),
}
