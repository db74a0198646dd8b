"""This machine's sources of Debian packages: its own apt configuration, without third parties."""

import subprocess
from dataclasses import dataclass

from localcloud.errors import BaseImageError
from localcloud.image.systems import System

#: The output format of ``apt-get indextargets`` for each package list of the machine.
_FORMAT = "$(ORIGIN)\t$(LABEL)\t$(REPO_URI)"


@dataclass(frozen=True)
class AptSource:
    """One line of a sources.list.

    Attributes:
        uri: of the archive.
        suite: a release of Debian, its updates or its security updates.
    """

    uri: str
    suite: str

    def __str__(self) -> str:
        return f"deb {self.uri} {self.suite} main"


def debian_sources(system: System) -> list[AptSource]:
    """The lines that a system made on this machine gets.

    Raises:
        ImageError: the machine uses no package source of Debian's.
    """
    command = ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = parse_targets(done.stdout, system)
    if not any(source.suite == system.suite for source in found):
        raise BaseImageError(
            "this machine's apt has no Debian package source",
            evidence=done.stderr.strip(),
            remedy="run apt-get update; on another distribution, add Debian's archive to apt's sources",
        )
    return found


def parse_targets(text: str, system: System) -> list[AptSource]:
    """Sources from what apt printed: origin, label and URI a line.

    The machine may run another release of Debian: its archive has all of them.
    """
    # By the label that the archive gives itself in its Release files.
    suites = {"Debian": (system.suite, f"{system.suite}-updates"), "Debian-Security": (f"{system.suite}-security",)}
    found: list[AptSource] = []
    for line in text.splitlines():
        origin, label, uri = line.split("\t")
        if origin != "Debian":
            continue
        for suite in suites.get(label, ()):
            source = AptSource(uri.rstrip("/"), suite)
            if source not in found:
                found.append(source)
    return found
