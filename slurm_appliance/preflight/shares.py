"""Checks Manila's shares: existing ones can be mounted, and their users have keys; others can be created."""

from collections.abc import Iterator

from slurm_appliance.cloud.facts import CloudFacts, ShareFacts, ShareType
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.filesystems import FileSystem, FileSystemType, ShareCreation, of_manila
from slurm_appliance.config.mounted import share_name
from slurm_appliance.nodes import cloud_names
from slurm_appliance.preflight.finder import Finder

#: Protocols of Manila by type.
PROTOCOLS = {FileSystemType.CEPHFS: "CEPHFS", FileSystemType.NFS: "NFS"}


def names(config: ClusterConfig) -> frozenset[str]:
    """The shares that the configuration names or creates."""
    every = (share_name(config, name, each) for name, each in config.filesystems.items())
    return frozenset(name for name in every if name is not None)


def found(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> dict[str, ShareFacts]:
    """The existing shares, by the name of the file system."""
    shares: dict[str, ShareFacts] = {}
    for name, each in config.filesystems.items():
        if not of_manila(each):
            continue
        path = f"filesystems.{name}"
        if "shared file system" in facts.absent:
            what = "this cloud has no service for shared file systems (Manila), or the login may not use it"
            setting = "share" if each.create is None else "create"
            finder.problem(f"{path}.{setting}", what, "give the file system by its servers instead")
            continue
        if each.create is not None or each.share is None:
            continue
        share = finder.named(f"{path}.share", "share", each.share, facts.shares)
        if share is not None:
            _usable(path, each, share, finder)
            shares[name] = share
    return shares


def _usable(path: str, each: FileSystem, share: ShareFacts, finder: Finder) -> None:
    _protocol(path, each, share, finder)
    if not share.location:
        what = f"share {share.name} has no export location"
        finder.problem(f"{path}.share", what, "wait until it is available, or create it anew")
    if each.type is FileSystemType.CEPHFS and each.key is None and each.user not in share.keys:
        users = ", ".join(sorted(share.keys)) or "none"
        what = f"share {share.name} has no access rule with a key for {each.user}; users with keys: {users}"
        remedy = f"openstack share access create {share.name} cephx {each.user}, or set {path}.key"
        finder.problem(f"{path}.user", what, remedy)


def _protocol(path: str, each: FileSystem, share: ShareFacts, finder: Finder) -> None:
    if share.protocol and share.protocol != PROTOCOLS[each.type]:
        what = f"share {share.name} has the protocol {share.protocol}"
        finder.problem(f"{path}.type", what, f"allowed: {', '.join(kind.value for kind in PROTOCOLS)}, as the share's")


def to_create(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> dict[str, str]:
    """The share networks of shares that are created: IDs by name."""
    networks: dict[str, str] = {}
    for name, each in config.filesystems.items():
        wanted = each.create
        if wanted is None or "shared file system" in facts.absent:
            continue
        path = f"filesystems.{name}.create"
        if wanted.share_network is not None:
            network = finder.named(f"{path}.share_network", "share network", wanted.share_network, facts.share_networks)
            if network is not None:
                networks[wanted.share_network] = network.id
        _share_type(path, wanted, facts, finder)
        share = _ours(config, name, each, facts)
        if share is not None:
            _protocol(f"filesystems.{name}", each, share, finder)
            _unchanged(path, wanted, share, networks, finder)
    return networks


def _share_type(path: str, wanted: ShareCreation, facts: CloudFacts, finder: Finder) -> None:
    if "share types" in facts.absent:
        return
    if wanted.share_type is None:
        of_it = next((each for each in facts.share_types if each.default), None)
        if of_it is None:
            what = "this cloud has no default share type"
            known = ", ".join(sorted(each.name for each in facts.share_types)) or "none"
            finder.problem(f"{path}.share_type", what, f"set it; the cloud has: {known}")
    else:
        of_it = finder.named(f"{path}.share_type", "share type", wanted.share_type, facts.share_types)
    if of_it is not None:
        _share_network(path, wanted, of_it, finder)


def _share_network(path: str, wanted: ShareCreation, of_it: ShareType, finder: Finder) -> None:
    if of_it.share_servers and wanted.share_network is None:
        what = f"share type {of_it.name} makes share servers, on a share network"
        finder.problem(f"{path}.share_network", what, "set it: openstack share network list")
    if not of_it.share_servers and wanted.share_network is not None:
        what = f"share type {of_it.name} makes no share servers, and takes no share network"
        finder.problem(f"{path}.share_network", what, "leave it out, or choose another share type")


def _ours(config: ClusterConfig, name: str, each: FileSystem, facts: CloudFacts) -> ShareFacts | None:
    """The share of an earlier run."""
    called, mark = share_name(config, name, each), cloud_names.mark(config)
    return next((share for share in facts.shares if share.name == called and share.description == mark), None)


def _unchanged(path: str, wanted: ShareCreation, share: ShareFacts, networks: dict[str, str], finder: Finder) -> None:
    """Check that it stays the same share: another type or place would be another share, with nothing on it."""
    for setting, given, now, actual in _fixed(wanted, share, networks):
        if given is not None and actual and now != actual:
            what = f"share {share.name} has {actual}, and cannot change to {given}"
            remedy = "keep it; for another share add a file system, and copy the data"
            finder.problem(f"{path}.{setting}", what, remedy)


def _fixed(
    wanted: ShareCreation, share: ShareFacts, networks: dict[str, str]
) -> Iterator[tuple[str, str | None, str | None, str]]:
    """Setting, what is set, the same as Manila says it, what the share has."""
    yield "share_type", wanted.share_type, wanted.share_type, share.share_type
    network = wanted.share_network
    yield "share_network", network, networks.get(network or "", share.share_network_id), share.share_network_id
    yield "availability_zone", wanted.availability_zone, wanted.availability_zone, share.availability_zone
