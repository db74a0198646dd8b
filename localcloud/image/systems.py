"""The systems that the local cloud has base images of."""

from dataclasses import dataclass

from localcloud.errors import BaseImageError
from localcloud.image.content import GENERIC_CLOUD, MINIMAL, ImageContent


@dataclass(frozen=True)
class System:
    """A release of Debian, or a stand-in for another distribution that is made of one.

    Attributes:
        version: as in /etc/os-release.
        suite: Debian's name of the release in its archive.
        released: whether it is; before that it is Debian testing, whose /etc/os-release has no version.
        distribution: as in /etc/os-release; also the name of the user that cloud-init makes.
        content: what its image has apart from what every image needs.
    """

    version: str
    suite: str
    released: bool = True
    distribution: str = "debian"
    content: ImageContent = MINIMAL

    @property
    def stand_in(self) -> bool:
        """Whether it is made of another distribution's programs."""
        return self.distribution != "debian"

    @property
    def name(self) -> str:
        """The name of its base image."""
        kind = "stand-in" if self.stand_in else self.content.name
        return "-".join(filter(None, (self.distribution, self.version, kind)))


_ALL = (
    System("12", "bookworm"),
    System("13", "trixie"),
    System("13", "trixie", content=GENERIC_CLOUD),
    System("14", "forky", released=False),
    System("9", "trixie", distribution="rocky"),
)

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
