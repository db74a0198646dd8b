"""File systems: settings that belong to their type, places of their own, disks and servers that are there."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from slurm_appliance.config.checks.folders import OF_THE_KERNEL, SYSTEM
from slurm_appliance.config.checks.groups import known_groups, listed
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.filesystems import SETTINGS, FileSystem, FileSystemType, of_manila
from slurm_appliance.config.mounted import mounts_on, share_name
from slurm_appliance.config.naming import CONTROL, NodeKind
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.storage import HomeProvisioning
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import Problem

_Check = Callable[[ClusterConfig, str, FileSystem], Iterable[Problem]]

#: The product's own: nothing may be mounted over these, in them, or over what they lie in.
_OURS = (*("/etc/slurm", "/etc/slurm-appliance", "/usr/lib/slurm-appliance"), "/var/lib/slurm-appliance")
#: Temporary folders, which a disk or memory may be mounted at.
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - nothing is written there
#: Options that hold a secret, which everybody on a node could read.
_SECRET_OPTIONS = ("secret=", "password=", "pass=", "credentials=")


def _each(check: _Check) -> Callable[[ClusterConfig], Iterator[Problem]]:
    """A check of all file systems from a check of one: a mistake in one hides no other."""

    def check_all(config: ClusterConfig) -> Iterator[Problem]:
        for name, each in config.filesystems.items():
            try:
                yield from check(config, f"filesystems.{name}", each)
            except NotParsed:
                continue

    return check_all


def groups_of(config: ClusterConfig, filesystem: FileSystem) -> tuple[str, ...]:
    """The groups that mount a file system, as far as they could be read."""
    there = [(NodeKind.CONTROL, CONTROL), *((kind, name) for kind, name, _ in known_groups(config))]
    return tuple(name for kind, name in there if mounts_on(filesystem, kind, name))


def settings_of_its_type(_config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """A file system has the settings of its type, and no others."""
    own = SETTINGS[each.type]
    every = dict.fromkeys(name for names in SETTINGS.values() for name in names)
    for name in every:
        if name not in own and getattr(each, name) not in (None, (), False):
            what = f"is no setting of type {each.type.value}"
            yield Problem(f"{path}.{name}", what, f"its settings are: {', '.join(own)}")


def complete(config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """What is mounted is said, and said once."""
    match each.type:
        case FileSystemType.NFS:
            yield from _one_of(path, each, ("create" if each.create else "share", "export"))
            if of_manila(each) and each.server is not None:
                given = "create" if each.create else "share"
                yield Problem(f"{path}.server", f"{given} is set as well", "keep one of the two")
        case FileSystemType.CEPHFS:
            yield from _one_of(path, each, ("create" if each.create else "share", "monitors"))
            if each.user is None:
                yield Problem(f"{path}.user", "required for type cephfs, but not set", "name the user at Ceph")
            if each.monitors and each.key is None and not of_manila(each):
                what = "required with monitors, but not set"
                yield Problem(f"{path}.key", what, f"pulumi config set --secret --path {path}.key")
            if of_manila(each):
                for name in ("path", "filesystem", *(("key",) if each.create else ())):
                    if getattr(each, name) is not None:
                        yield Problem(f"{path}.{name}", "is known from the share", "leave it out")
        case FileSystemType.LUSTRE | FileSystemType.BIND:
            yield from _source(path, each)
        case FileSystemType.DISK:
            yield from _one_of(path, each, ("volume", "device"))
            if each.volume is not None:
                yield from _volume(config, path, each)
        case FileSystemType.TMPFS:
            return


def _one_of(path: str, each: FileSystem, names: tuple[str, str]) -> Iterator[Problem]:
    given = [name for name in names if getattr(each, name) not in (None, ())]
    if not given:
        yield Problem(f"{path}.{names[1]}", f"required for type {each.type.value}, but not set", f"or set {names[0]}")
    if len(given) > 1:
        yield Problem(f"{path}.{names[0]}", f"{names[1]} is set as well", "keep one of the two")


def created(_config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """Who may mount a share that is created is said in the words of its protocol."""
    clients = each.create.clients if each.create else None
    if clients is None:
        return
    where = f"{path}.create.clients"
    if each.type is FileSystemType.CEPHFS:
        yield Problem(where, "is no setting of type cephfs", "user says who may mount it")
    elif not clients:
        yield Problem(where, "nobody may mount it", "name networks, or leave it out")
    for index, client in enumerate(clients):
        if ":" in client:
            yield Problem(f"{where}[{index}]", "is an IPv6 network", "name IPv4 networks: access rules have no others")
        if client in clients[:index]:
            yield Problem(f"{where}[{index}]", "twice", "keep one")


def _source(path: str, each: FileSystem) -> Iterator[Problem]:
    if each.source is None:
        yield Problem(f"{path}.source", f"required for type {each.type.value}, but not set", "say what is mounted")
    elif each.type is FileSystemType.BIND and (not each.source.startswith("/") or ".." in each.source.split("/")):
        yield Problem(f"{path}.source", "is not an absolute path", "name a directory of the nodes")
    elif each.type is FileSystemType.LUSTRE and ":/" not in each.source:
        yield Problem(f"{path}.source", "names no file system", "write SERVERS:/NAME: 192.0.2.21@tcp:/lustre")


def _volume(config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    volumes = {name: group.extra_volumes for _, name, group in known_groups(config)}
    volumes[CONTROL] = config.control_extra_volumes
    lacking = [name for name in groups_of(config, each) if name in volumes and each.volume not in volumes[name]]
    if lacking:
        what = f"{each.volume} is no extra volume of {listed(lacking)}"
        yield Problem(f"{path}.volume", what, "add it to their extra_volumes, or set groups")


def options(_config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """Options hold no secrets, and are given once."""
    for index, option in enumerate(each.options):
        if option.startswith(_SECRET_OPTIONS):
            what = "is a secret that everybody on the node could read"
            yield Problem(f"{path}.options[{index}]", what, "leave it out; set key")
        elif option in each.options[:index]:
            yield Problem(f"{path}.options[{index}]", f"{option} is in the list twice", "keep one of them")


def known(config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """Groups exist, and are named once."""
    names = [CONTROL, *config.login, *config.compute, *config.additional_nodegroups]
    for index, group in enumerate(each.groups or ()):
        if group not in names:
            what = f"there is no group {group}"
            yield Problem(f"{path}.groups[{index}]", what, did_you_mean(group, names))
        elif group in (each.groups or ())[:index]:
            yield Problem(f"{path}.groups[{index}]", f"{group} is in the list twice", "keep one of them")


def served(config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """What the control node exports is on a disk that stays."""
    if each.type is not FileSystemType.NFS or each.export is None or each.server or of_manila(each):
        return
    if CONTROL in groups_of(config, each):
        yield Problem(f"{path}.groups", "the control node serves it itself", "leave control out, or set server")
    there = PurePosixPath(each.export)
    disks = [
        other.mount_point
        for other in config.filesystems.values()
        if other.type in (FileSystemType.DISK, FileSystemType.CEPHFS, FileSystemType.LUSTRE)
        and CONTROL in groups_of(config, other)
    ]
    if str(there) not in disks:
        what = f"the control node mounts no disk at {there}, and a new image erases its root disk"
        yield Problem(f"{path}.export", what, "add a file system of type disk with groups: [control], or set server")


def clear(config: ClusterConfig, path: str, each: FileSystem) -> Iterator[Problem]:
    """A mount hides nothing of the system, of the product, or of the home directories."""
    here = PurePosixPath(each.mount_point)
    if each.type in (FileSystemType.TMPFS, FileSystemType.DISK) and str(here) in _TEMPORARY:
        return
    hidden = [one for one in (*SYSTEM, *_OURS) if PurePosixPath(one).is_relative_to(here)]
    inside = [one for one in (*OF_THE_KERNEL, *_OURS) if here.is_relative_to(one)]
    if hidden or inside:
        what = f"a mount at {here} would hide {hidden[0]}" if hidden else f"{here} lies in {inside[0]}"
        yield Problem(f"{path}.mount_point", what, "choose a folder of its own, such as /NAME or /srv/NAME")
        return
    for setting, folder in _folders(config):
        if setting == "home.mount_point" and homes_by(each, config) and here == folder:
            continue
        if here.is_relative_to(folder) or folder.is_relative_to(here):
            what = f"{here} and {folder} ({setting}) lie in each other"
            remedy = "choose a folder of its own" + (
                "; for homes on it set home_volume_provisioning: none" if here == folder else ""
            )
            yield Problem(f"{path}.mount_point", what, remedy)


def _folders(config: ClusterConfig) -> Iterator[tuple[str, PurePosixPath]]:
    yield "state_dir", PurePosixPath(config.state_dir)
    if config.home_volume_provisioning is not HomeProvisioning.NONE:
        yield "home.export", PurePosixPath(config.home.export)
    yield "home.mount_point", PurePosixPath(config.home.mount_point)


def homes_by(each: FileSystem, config: ClusterConfig) -> bool:
    """Whether a file system may have the home directories: nothing else has."""
    nothing_else = config.home_volume_provisioning is HomeProvisioning.NONE and config.home.server is None
    return nothing_else and each.mount_point == config.home.mount_point


def one_at_a_place(config: ClusterConfig) -> Iterator[Problem]:
    """No two file systems have the same mount point, or the same volume, on one node."""
    seen: list[tuple[str, FileSystem]] = []
    for name, each in config.filesystems.items():
        try:
            mine = set(groups_of(config, each))
            for other, former in seen:
                common = sorted(mine & set(groups_of(config, former)))
                for setting in ("mount_point", "volume", "device"):
                    value = getattr(each, setting)
                    if common and value is not None and value == getattr(former, setting):
                        what = f"{value} is also that of {other}, on {listed(common)}"
                        yield Problem(f"filesystems.{name}.{setting}", what, "choose another, or other groups")
        except NotParsed:
            continue
        seen.append((name, each))


def one_for_a_share(config: ClusterConfig) -> Iterator[Problem]:
    """A share that is created belongs to one file system."""
    makers: dict[str, str] = {}
    for name, each in config.filesystems.items():
        share = _name_of_share(config, name, each)
        if share is not None and each.create is not None:
            makers.setdefault(share, name)
    for name, each in config.filesystems.items():
        share = _name_of_share(config, name, each)
        if share is not None and makers.get(share, name) != name:
            what = f"{share} is the share that filesystems.{makers[share]} creates"
            yield Problem(
                f"filesystems.{name}.share", what, "name another, or mount it by one of the two, with all groups"
            )


def _name_of_share(config: ClusterConfig, name: str, each: FileSystem) -> str | None:
    try:
        return share_name(config, name, each)
    except NotParsed:
        return None


def one_lnet(config: ClusterConfig) -> Iterator[Problem]:
    """A node has one LNet."""
    first: dict[str, tuple[str, str]] = {}
    for name, each in config.filesystems.items():
        try:
            for group in groups_of(config, each) if each.lnet is not None else ():
                other, options_ = first.setdefault(group, (name, each.lnet or ""))
                if options_ != each.lnet:
                    what = f"differs from that of {other}, on {group}"
                    yield Problem(f"filesystems.{name}.lnet", what, "give both the same")
                    break
        except NotParsed:
            continue


CHECKS = (
    _each(settings_of_its_type),
    _each(complete),
    _each(created),
    _each(options),
    _each(known),
    _each(served),
    _each(clear),
    one_at_a_place,
    one_for_a_share,
    one_lnet,
)
