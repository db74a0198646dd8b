"""Which versions the project runs on, in one place. Tests hold them against the locks and the go.mod files."""

from typing import Final

Version = tuple[int, int, int]

#: The Pulumi release that is installed or built; the Python SDK in requirements/ is of the same one.
ENGINE: Final = "3.259.0"

#: The oldest ``pulumi`` on PATH that will do. Before it, previews of Python programs came without detailed diffs, or
#: failed over an empty one.
ENGINE_FLOOR: Final[Version] = (3, 226, 0)

#: The Python language host that is built: the last one in a module that can be built alone.
LANGUAGE_HOST: Final = "3.76.0"

#: Resource plugins: the versions that the Python packages in requirements/ ask for.
PLUGINS: Final = {"openstack": "5.5.3", "command": "1.2.1"}

#: The oldest Go that can build our modules (the highest ``go`` line of their go.mod files).
GO_FLOOR: Final[Version] = (1, 25, 11)

#: Where released versions of pulumi and its plugins come from.
DOWNLOAD_SITE: Final = "get.pulumi.com"

#: How long the download site has to answer before it counts as out of reach, in seconds.
DOWNLOAD_SITE_TIMEOUT: Final = 3.0


def parse(text: str) -> Version | None:
    """The version in a program's answer (``v3.259.0``, ``go1.26.8``, ``3.250.0-alpha.1``); None where there is none."""
    core = text.strip().removeprefix("go").removeprefix("v").partition("-")[0].partition("+")[0]
    numbers = core.split(".")
    if not all(number.isdecimal() for number in numbers) or not 2 <= len(numbers) <= 3:
        return None
    major, minor, *patch = (int(number) for number in numbers)
    return major, minor, patch[0] if patch else 0


def show(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))
