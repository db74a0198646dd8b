"""File systems for the playbooks: what each group mounts, and what the control node exports. Pure."""

from collections.abc import Mapping
from typing import Any

from slurm_appliance.cloud.facts import ShareFacts
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.filesystems import FileSystem, FileSystemType, of_manila
from slurm_appliance.config.mounted import mounted
from slurm_appliance.config.naming import CONTROL
from slurm_appliance.playbooks.text import Template

#: Port of NFS over RDMA.
_RDMA_PORT = 20049


def mounted_volumes(config: ClusterConfig, kind: NodeKind, group: str) -> tuple[str, ...]:
    """The extra volumes that a group's nodes mount."""
    return tuple(each.volume for _, each in mounted(config, kind, group) if each.volume is not None)


def mounts_of(config: ClusterConfig, kind: NodeKind, group: str, locations: Mapping[str, str]) -> list[dict[str, Any]]:
    """The variable ``filesystem_mounts`` of a group.

    Args:
        config: the configuration.
        kind: the group's.
        group: its name.
        locations: what is mounted of shares, by file system.
    """
    return [_mount(name, each, locations.get(name, "")) for name, each in mounted(config, kind, group)]


def exported(config: ClusterConfig) -> list[dict[str, Any]]:
    """The variable ``filesystem_exports`` of the control node: directories that it exports to the cluster."""
    by_path: dict[str, bool] = {}
    for each in config.filesystems.values():
        if each.type is FileSystemType.NFS and each.export is not None and each.server is None:
            by_path[each.export] = by_path.get(each.export, False) or each.rdma
    return [{"path": path, "rdma": rdma} for path, rdma in sorted(by_path.items())]


def homes_on_control(config: ClusterConfig) -> bool:
    """Whether home directories are on a file system that the control node mounts."""
    return any(
        each.mount_point == config.home.mount_point and each.type is not FileSystemType.NFS
        for _, each in mounted(config, NodeKind.CONTROL, CONTROL)
    )


def key_variable(name: str) -> str:
    """The variable with a file system's key."""
    return f"filesystem_key_{name.replace('-', '_')}"


def keys(config: ClusterConfig, shares: Mapping[str, ShareFacts]) -> dict[str, str]:
    """The secrets by variable, as far as they are known: given ones, and those of existing shares, by file system."""
    found: dict[str, str] = {}
    for name, each in config.filesystems.items():
        if each.type is not FileSystemType.CEPHFS:
            continue
        if each.key is not None:
            found |= {} if each.key.encrypted else {key_variable(name): each.key.reveal()}
        elif name in shares and (key := shares[name].keys.get(each.user or "")) is not None:
            found[key_variable(name)] = key
    return found


def _mount(name: str, each: FileSystem, location: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "type": each.type.value,
        "where": each.mount_point,
        "options": [*_options(each), *each.options],
    }
    if each.automount:
        found["automount"] = True
    match each.type:
        case FileSystemType.NFS:
            found |= {"what": location} if of_manila(each) else {"server": each.server or "", "export": each.export}
        case FileSystemType.CEPHFS:
            found["what"] = location or f"{','.join(each.monitors)}:{each.path or '/'}"
            found["user"] = each.user
            found["key"] = Template(f"{{{{ {key_variable(name)} }}}}")
        case FileSystemType.LUSTRE | FileSystemType.BIND:
            found["what"] = each.source
        case _:
            found |= {key: value for key in ("volume", "device", "mode") if (value := getattr(each, key)) is not None}
    if each.lnet is not None:
        found["lnet"] = each.lnet
    if each.type is FileSystemType.DISK and each.format is not None:
        found["format"] = each.format.value
    return found


def _options(each: FileSystem) -> list[str]:
    found = []
    if each.version is not None:
        found.append(f"vers={each.version.value}")
    if each.nconnect is not None:
        found.append(f"nconnect={each.nconnect}")
    if each.rdma:
        found += ["proto=rdma", f"port={_RDMA_PORT}"]
    if each.filesystem is not None:
        found.append(f"fs={each.filesystem}")
    if each.size is not None:
        found.append(f"size={each.size}")
    return found
