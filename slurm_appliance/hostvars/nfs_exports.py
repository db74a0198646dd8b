"""NFS exports for compute nodes, each only for one node's address. Pure.

A node reads its bundle from one export, and writes its acknowledgement to another. There it can write one file, which
the control node creates: everything that it does is done as a user that owns nothing but these files and cannot create
others. The file cannot fill a disk: with the kernel's server it is in memory of a limited size. nfs-ganesha exports no
file system in memory and no overlay, so there it is on the state volume, and the server limits its size.
"""

import uuid
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Protocol

from node.compute_init.share import ACKNOWLEDGEMENTS
from node.compute_init.small_file import SIZE

#: User and group of the files that nodes write, on the control node; nobody else has this id.
WRITER_ID = 207
#: Distance between the ids of the two exports of a node, for nfs-ganesha.
_DISTANCE = 32_000
#: Ids for the kernel, which needs one for each folder of a file system in memory.
_SPACE = uuid.UUID("6c4f7c0e-6f0e-4a0b-9d55-6f0a4f6a3a27")


class Reader(Protocol):
    """A node and its source address."""

    @property
    def name(self) -> str:
        """The name of the node and its folder."""

    @property
    def address(self) -> str:
        """Its address."""


def kernel_exports(nodes: Iterable[Reader], folder: str) -> str:
    """The text for /etc/exports.d: read-only, from privileged ports, root's files only for root on that node.

    ``subtree_check``: otherwise root on a node could read any other file of the file system with a forged handle.
    """
    lines = []
    for node in nodes:
        lines.append(f"{folder}/{node.name} {_host(node)}(ro,secure,subtree_check,no_root_squash,sync)")
        lines.append(
            f"{ACKNOWLEDGEMENTS}/{node.name} {_host(node)}(rw,secure,subtree_check,all_squash,anonuid={WRITER_ID},"
            f"anongid={WRITER_ID},fsid={uuid.uuid5(_SPACE, node.name)},sync)"
        )
    return "\n".join(["# Written by slurm-appliance; changes are overwritten.", *lines, ""])


def ganesha_exports(nodes: Iterable[Reader], folder: str, first_id: int = 1000) -> str:
    """The same for nfs-ganesha, if the kernel has no NFS server; IDs start at ``first_id``."""
    blocks = []
    squashed = f"Squash = All_Squash; Anonymous_Uid = {WRITER_ID}; Anonymous_Gid = {WRITER_ID};"
    for number, node in enumerate(nodes, first_id):
        said = f"{PurePosixPath(folder).parent}/acknowledgements/{node.name}"
        known_as = f"{ACKNOWLEDGEMENTS}/{node.name}"
        # First, so that a node that finds its bundle can say so. The server loads one export after the other.
        most = f"MaxOffsetWrite = {SIZE}; "
        blocks.append(_block(number + _DISTANCE, (said, known_as), node, "RW", squashed, most))
        blocks.append(_block(number, (f"{folder}/{node.name}",) * 2, node, "RO", "Squash = No_Root_Squash;"))
    return "\n".join(["# Written by slurm-appliance; changes are overwritten.", *blocks, ""])


def _block(number: int, paths: tuple[str, str], node: Reader, access: str, squash: str, more: str = "") -> str:
    """An export: of a path on this machine, under a path for clients."""
    return (
        f"EXPORT {{ Export_Id = {number}; Path = {paths[0]}; Pseudo = {paths[1]}; {more}"
        f"Protocols = 4; Transports = TCP; SecType = sys; {squash} Access_Type = NONE; "
        f"CLIENT {{ Clients = {node.address}; Access_Type = {access}; PrivilegedPort = true; {squash} }} "
        "FSAL { Name = VFS; } }"
    )


def _host(node: Reader) -> str:
    return f"[{node.address}]" if ":" in node.address else node.address
