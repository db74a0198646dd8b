"""Checks Manila's shares: they are there, can be mounted, and their users have keys."""

from slurm_appliance.cloud.facts import CloudFacts, ShareFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.filesystems import FileSystem, FileSystemType
from slurm_appliance.preflight.finder import Finder

#: Protocols of Manila by type.
_PROTOCOLS = {FileSystemType.CEPHFS: "CEPHFS", FileSystemType.NFS: "NFS"}


def names(config: ClusterConfig) -> frozenset[str]:
    """The shares that the configuration names."""
    return frozenset(each.share for each in config.filesystems.values() if each.share is not None)


def found(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> dict[str, ShareFacts]:
    """The shares by name."""
    shares: dict[str, ShareFacts] = {}
    for name, each in config.filesystems.items():
        if each.share is None:
            continue
        path = f"filesystems.{name}"
        if "shared file system" in facts.absent:
            what = "this cloud has no service for shared file systems (Manila), or the login may not use it"
            finder.problem(f"{path}.share", what, "give the file system by its servers instead")
            continue
        share = finder.named(f"{path}.share", "share", each.share, facts.shares)
        if share is not None:
            _usable(path, each, share, finder)
            shares[each.share] = share
    return shares


def _usable(path: str, each: FileSystem, share: ShareFacts, finder: Finder) -> None:
    if share.protocol and share.protocol != _PROTOCOLS[each.type]:
        what = f"share {share.name} has the protocol {share.protocol}"
        finder.problem(f"{path}.type", what, f"allowed: {', '.join(kind.value for kind in _PROTOCOLS)}, as the share's")
    if not share.location:
        what = f"share {share.name} has no export location"
        finder.problem(f"{path}.share", what, "wait until it is available, or create it anew")
    if each.type is FileSystemType.CEPHFS and each.key is None and each.user not in share.keys:
        users = ", ".join(sorted(share.keys)) or "none"
        what = f"share {share.name} has no access rule with a key for {each.user}; users with keys: {users}"
        remedy = f"openstack share access create {share.name} cephx {each.user}, or set {path}.key"
        finder.problem(f"{path}.user", what, remedy)
