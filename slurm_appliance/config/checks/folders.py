"""Folders of the control node that volumes are mounted at: they hide nothing of the system, and not each other."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.storage import HomeProvisioning
from slurm_appliance.errors import Problem

#: Nothing may be mounted inside these.
OF_THE_KERNEL = ("/dev", "/proc", "/run", "/sys", "/tmp")  # noqa: S108 - nothing is written there
#: Nothing may be mounted over these, or over what they lie in.
SYSTEM = (
    *OF_THE_KERNEL,
    *("/bin", "/boot", "/etc/slurm", "/lib", "/root", "/sbin", "/usr/sbin"),
    *("/var/lib/ansible-init", "/var/lib/image", "/var/log", "/var/spool"),
)


def _folders(config: ClusterConfig) -> Iterator[tuple[str, PurePosixPath]]:
    """The folders that could be read: setting and path. What another server exports is its own affair."""
    with suppress(NotParsed):
        yield "state_dir", PurePosixPath(config.state_dir)
    with suppress(NotParsed):
        if config.home_volume_provisioning is not HomeProvisioning.NONE:
            yield "home.export", PurePosixPath(config.home.export)
    with suppress(NotParsed):
        yield "home.mount_point", PurePosixPath(config.home.mount_point)


def clear_of_the_system(config: ClusterConfig) -> Iterator[Problem]:
    """No volume hides what the system needs."""
    for setting, path in _folders(config):
        hidden = [each for each in SYSTEM if PurePosixPath(each).is_relative_to(path)]
        inside = [each for each in OF_THE_KERNEL if path.is_relative_to(each)]
        if hidden or inside:
            what = f"a mount at {path} would hide {hidden[0]}" if hidden else f"{path} lies in {inside[0]}"
            yield Problem(setting, what, "choose a folder of its own, such as /srv/NAME")


def clear_of_each_other(config: ClusterConfig) -> Iterator[Problem]:
    """No folder lies in another."""
    seen: list[tuple[str, PurePosixPath]] = []
    for setting, path in _folders(config):
        for other, there in seen:
            if path.is_relative_to(there) or there.is_relative_to(path):
                yield Problem(setting, f"{path} and {there} ({other}) lie in each other", "choose separate folders")
        seen.append((setting, path))


CHECKS = (clear_of_the_system, clear_of_each_other)
