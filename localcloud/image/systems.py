"""The systems that the local cloud has base images of."""

from dataclasses import dataclass

from localcloud.errors import BaseImageError


@dataclass(frozen=True)
class System:
    """A release of Debian.

    Attributes:
        version: as in /etc/os-release.
        suite: its name in the archive.
        released: whether it is; before that it is Debian testing, whose /etc/os-release has no version.
    """

    version: str
    suite: str
    released: bool = True

    @property
    def name(self) -> str:
        """The name of its base image."""
        return f"debian-{self.version}"


_ALL = (System("12", "bookworm"), System("13", "trixie"), System("14", "forky", released=False))

#: By the names of their base images.
SYSTEMS = {system.name: system for system in _ALL}

#: The system whose image every cloud has.
DEFAULT = SYSTEMS["debian-13"]


def system(name: str) -> System:
    """The system of a base image's name.

    Raises:
        BaseImageError: there is none.
    """
    if name not in SYSTEMS:
        raise BaseImageError(f"there is no base image {name}", remedy=f"name one of {', '.join(SYSTEMS)}")
    return SYSTEMS[name]
