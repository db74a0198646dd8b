"""What goes into the stand-in: packages by the table of Rocky Linux 9, repositories, the system's own files. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.endpoints import ADDRESS, SNAPSHOTS_PORT
from localcloud.image.distribution import Distribution

#: Where the image looks for the distribution's repositories: whoever wants to use them serves them there (serve.py).
DISTRIBUTION_URL = f"http://{ADDRESS}:{SNAPSHOTS_PORT}/rocky"
REPOSITORIES = ("baseos", "appstream", "crb", "extras", "epel", "openhpc")
KEY = "/etc/pki/rpm-gpg/RPM-GPG-KEY-stand-in"
#: Of the system, and of its newest update, which `dnf update` installs.
RELEASE, UPDATED = "9.6", "9.7"
_ENABLED = ("baseos", "appstream", "extras")
#: Not of the distribution's own file: with a package of their own, or of nobody.
_APART = ("epel", "openhpc")

_OS_RELEASE = f"""\
NAME="Rocky Linux"
VERSION="{RELEASE} (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="{RELEASE}"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux {RELEASE} (Blue Onyx): a stand-in made of Debian's programs"
"""

#: EL 9's settings of dnf, where Debian's differ, of rpm's database, and of what starts by itself.
_SYSTEM = {
    "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n"
    "skip_if_unavailable=False\n",
    "/etc/rpm/macros": "%_dbpath /var/lib/rpm\n",
    "/usr/lib/systemd/system-preset/90-default.preset": "enable sshd.service\nenable chronyd.service\n"
    "enable rpcbind.socket\nenable cloud-*.service\n",
    "/usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
}


@dataclass(frozen=True)
class Plan:
    """How the stand-in is made.

    Attributes:
        packages: how packages are made of Debian's, by name (packages.yml).
        elsewhere: packages of the table that are not converted, and why.
        copies: the same packages under OpenHPC's names: each with the name whose content it has.
        repositories: the repository of each package that a table has.
    """

    packages: Mapping[str, Mapping[str, Any]]
    elsewhere: Mapping[str, str]
    copies: Mapping[str, str]
    repositories: Mapping[str, str]

    @property
    def debs(self) -> list[str]:
        """Debian's packages to convert, without those that they need."""
        found = {how["from"] for how in self.packages.values()}
        return sorted(found.union(*(how.get("also", ()) for how in self.packages.values())))

    def document(self, provided: list[str]) -> dict[str, Any]:
        """The converter's plan.

        Args:
            provided: names of the packages that the system has from the start.
        """
        return {
            "packages": self.packages,
            "copies": self.copies,
            "repositories": self.repositories,
            "written": written(provided),
        }


def plan(table: Distribution, openhpc: Distribution, folder: Path = Path(__file__).parent) -> Plan:
    """The plan for the distribution's table and for OpenHPC's."""
    text = yaml.safe_load((folder / "packages.yml").read_text(encoding="utf-8"))
    extra = {"nfs-ganesha": "epel", "nfs-ganesha-vfs": "epel", "tree": "baseos"}
    packages = {**table.packages, **openhpc.packages}
    repositories = {name: package.repository for name, package in packages.items()}
    return Plan(text["packages"], text["elsewhere"], text["copies"], {**repositories, **extra})


def written(provided: list[str]) -> list[dict[str, Any]]:
    """The packages that are none of Debian's."""
    release = {
        "name": "rocky-release",
        "version": RELEASE,
        "repository": "baseos",
        "provides": [f"system-release = {RELEASE}", "system-release(releasever) = 9"],
        "files": {"/usr/lib/os-release": _OS_RELEASE, "/etc/redhat-release": f"Rocky Linux release {RELEASE}\n"},
    }
    system = {
        "name": "stand-in-system",
        "version": "1",
        "repository": "baseos",
        "provides": ["/bin/sh", *provided],
        "files": {"/usr/share/stand-in": "The packages of Debian that this system was made of.\n"},
    }
    repos = [
        {
            "name": "rocky-repos",
            "version": version,
            "repository": "baseos",
            "files": {"/etc/yum.repos.d/rocky.repo": text},
        }
        for version, text in ((RELEASE, repository_file()), (UPDATED, f"# Release {UPDATED}\n{repository_file()}"))
    ]
    epel = {
        "name": "epel-release",
        "version": "9",
        "repository": "extras",
        "files": {"/etc/yum.repos.d/epel.repo": _section("epel", enabled=True)},
    }
    return [release, system, *repos, epel]


def repository_file() -> str:
    """The file that rocky-repos brings: CRB is not enabled."""
    return "\n".join(_section(name, enabled=name in _ENABLED) for name in REPOSITORIES if name not in _APART)


def _section(name: str, *, enabled: bool) -> str:
    return (
        f"[{name}]\nname=Rocky Linux $releasever - {name}\nbaseurl={DISTRIBUTION_URL}/{name}\n"
        f"gpgcheck=1\nenabled={int(enabled)}\ngpgkey=file://{KEY}\n"
    )


def system_files() -> Mapping[str, str]:
    """Files of the system that belong to no package."""
    return _SYSTEM
