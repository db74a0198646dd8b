"""The versions of the project's tools. Tests compare them with the locks and the go.mod files."""

from typing import Final

Version = tuple[int, int, int]

#: The Pulumi release that is installed or built; the Python SDK in requirements/ has the same version.
ENGINE: Final = "3.259.0"

#: The oldest usable ``pulumi`` on PATH. Before it, previews of Python programs came without detailed diffs, or
#: failed over an empty one.
ENGINE_FLOOR: Final[Version] = (3, 226, 0)

#: The Python language host to build: the last version in a module that can be built alone.
LANGUAGE_HOST: Final = "3.76.0"

#: Resource plugins: the versions required by the Python packages in requirements/.
PLUGINS: Final = {"openstack": "5.5.3", "command": "1.2.1"}

#: The oldest Go that can build our modules (the highest ``go`` line of their go.mod files).
GO_FLOOR: Final[Version] = (1, 25, 11)

#: Where released versions of pulumi and its plugins come from.
DOWNLOAD_SITE: Final = "get.pulumi.com"

#: Timeout for the download site to respond, in seconds; then it counts as unreachable.
DOWNLOAD_SITE_TIMEOUT: Final = 3.0


def parse(text: str) -> Version | None:
    """The version in a program's output (``v3.259.0``, ``go1.26.8``, ``3.250.0-alpha.1``); None if not found."""
    core = text.strip().removeprefix("go").removeprefix("v").partition("-")[0].partition("+")[0]
    numbers = core.split(".")
    if not all(number.isdecimal() for number in numbers) or not 2 <= len(numbers) <= 3:
        return None
    major, minor, *patch = (int(number) for number in numbers)
    return major, minor, patch[0] if patch else 0


def show(version: Version) -> str:
    """A version as text."""
    return ".".join(map(str, version))
