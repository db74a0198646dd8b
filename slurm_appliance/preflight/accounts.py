"""Checks the cluster's users against the images' own accounts."""

from collections.abc import Iterable, Iterator, Mapping

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.users import UserConfig
from slurm_appliance.image.accounts import Accounts
from slurm_appliance.image.images import unpacked
from slurm_appliance.preflight.finder import Finder


def free(config: ClusterConfig, images: Iterable[ImageFacts], finder: Finder) -> None:
    """Check that no user has a name or ID that an image uses itself."""
    for image in images:
        try:
            accounts = Accounts.of(unpacked(image.accounts))
        except ValueError:
            if config.users and image.digest:
                what = f"image {image.name} has no list of its accounts, so users were not checked for conflicts"
                finder.note("users", what, "rebuild the image")
            continue
        for path, what, remedy in _conflicts(config.users, accounts):
            finder.problem(path, f"{what} in image {image.name}", remedy)


def _conflicts(users: Mapping[str, UserConfig], image: Accounts) -> Iterator[tuple[str, str, str]]:
    """Path, problem and remedy for each user that conflicts with the image."""
    owners = {uid: name for name, uid in image.users.items()}
    of_groups = {gid: name for name, gid in image.groups.items()}
    for name, user in users.items():
        path, gid = f"users.{name}", user.uid if user.gid is None else user.gid
        if name in image.users:
            yield path, f"{name} is a system account with uid {image.users[name]}", "choose another name"
        elif name in image.groups and image.groups[name] != gid:
            yield path, f"{name} is a system group with gid {image.groups[name]}", "choose another name"
        if owners.get(user.uid, name) != name:
            yield f"{path}.uid", f"{user.uid} is the uid of {owners[user.uid]}", "choose another uid"
        if user.gid is None and of_groups.get(gid, name) != name:
            yield f"{path}.uid", f"{gid} is the gid of {of_groups[gid]}", "choose another uid, or set a separate gid"
