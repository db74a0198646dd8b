"""NFS exports of the bundles: one export per node's folder, only for that node's address. Pure."""

from collections.abc import Iterable
from typing import Protocol


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
    lines = [f"{folder}/{node.name} {_host(node)}(ro,secure,subtree_check,no_root_squash,sync)" for node in nodes]
    return "\n".join(["# Written by slurm-appliance; changes are overwritten.", *lines, ""])


def ganesha_exports(nodes: Iterable[Reader], folder: str, first_id: int = 1000) -> str:
    """The same for nfs-ganesha, if the kernel has no NFS server; IDs start at ``first_id``."""
    blocks = [
        f"EXPORT {{ Export_Id = {first_id + number}; Path = {folder}/{node.name}; Pseudo = {folder}/{node.name}; "
        "Protocols = 4; Transports = TCP; SecType = sys; Squash = No_Root_Squash; Access_Type = NONE; "
        f"CLIENT {{ Clients = {node.address}; Access_Type = RO; PrivilegedPort = true; Squash = No_Root_Squash; }} "
        "FSAL { Name = VFS; } }"
        for number, node in enumerate(nodes)
    ]
    return "\n".join(["# Written by slurm-appliance; changes are overwritten.", *blocks, ""])


def _host(node: Reader) -> str:
    return f"[{node.address}]" if ":" in node.address else node.address
