"""Who may read which bundle: one export for each node's folder, for that node's address alone. Pure."""

from collections.abc import Iterable
from typing import Protocol


class Reader(Protocol):
    """A node with the address that it reads from."""

    @property
    def name(self) -> str:
        """Its name, and its folder's."""

    @property
    def address(self) -> str:
        """Its address."""


def kernel_exports(nodes: Iterable[Reader], folder: str) -> str:
    """For /etc/exports.d: read-only, from privileged ports, files of root only for root on that node.

    ``subtree_check``: otherwise root on a node could ask for any other file of the file system by a made-up handle.
    """
    lines = [f"{folder}/{node.name} {_host(node)}(ro,secure,subtree_check,no_root_squash,sync)" for node in nodes]
    return "\n".join(["# Written by slurm-appliance; changes are overwritten.", *lines, ""])


def ganesha_exports(nodes: Iterable[Reader], folder: str, first_id: int = 1000) -> str:
    """The same for nfs-ganesha, where the kernel has no NFS server; ids from ``first_id`` on."""
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
