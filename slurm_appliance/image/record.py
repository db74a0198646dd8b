"""The record of an image: the one inside it, and its copy in image properties."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slurm_appliance.cloud.image_names import PROPERTY
from slurm_appliance.image.accounts import Accounts
from slurm_appliance.image.errors import BuildError, ImageError
from slurm_appliance.image.images import GlanceImage, packed, unpacked

#: Parts of the record that become properties unchanged.
_PLAIN = ("build", "digest", "base", "commit", "snapshot", "os", "kernel", "slurm", "selinux", "package_family")


#: A line of sources: package, source package, its version.
_SOURCE = re.compile(r"([^\s\x00-\x1f]+) ([a-z0-9][a-z0-9+.-]*) ([A-Za-z0-9.+~:-]+)")


@dataclass(frozen=True)
class ImageRecord:
    """The record of an image.

    Attributes:
        facts: build, name, digest, base, commit, groups, snapshot, os, kernel, slurm, selinux, package_family.
        packages: version by package name.
        sources: source package and its version by package name, if different from the package's own; None in images
            built before this was recorded, or of a distribution without it.
        accounts: the image's own users and groups.
    """

    facts: Mapping[str, str]
    packages: Mapping[str, str]
    sources: Mapping[str, tuple[str, str]] | None = None
    accounts: Accounts = field(default=Accounts())

    @classmethod
    def read(cls, folder: Path) -> "ImageRecord":
        """Read the record that the playbook copied from the build server."""
        try:
            raw = json.loads((folder / "image.json").read_text(encoding="utf-8"))
            packages = parse_packages((folder / "packages.txt").read_text(encoding="utf-8"))
            sources = parse_sources((folder / "sources.txt").read_text(encoding="utf-8"))
            accounts = Accounts.of((folder / "accounts.txt").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise BuildError(f"the playbook wrote no record of the image: {error}", where=str(folder)) from error
        groups = " ".join(raw.pop("groups", ()))
        differing = {name: source for name, source in sources.items() if source != (name, packages.get(name))}
        facts = {**{key: str(value) for key, value in raw.items()}, "groups": groups}
        return cls(facts, packages, differing if sources else None, accounts)

    @classmethod
    def of_image(cls, image: GlanceImage) -> "ImageRecord":
        """The record in an image's properties.

        Raises:
            ImageError: the image has none.
        """
        try:
            packages = parse_packages(unpacked(image.ours_property("packages")))
        except ValueError as error:
            raise ImageError(f"the image {image.name} ({image.id}) has no list of packages") from error
        travelling = image.ours_property("sources")
        try:
            sources = parse_sources(unpacked(travelling)) if travelling else None
        except ValueError as error:
            raise ImageError(f"the image {image.name} ({image.id}) has no list of source packages: {error}") from error
        try:
            accounts = Accounts.of(unpacked(image.ours_property("accounts")))
        except ValueError:
            accounts = Accounts()  # Built before accounts were recorded.
        facts = {key: image.ours_property(key) for key in (*_PLAIN, "groups")}
        return cls({**facts, "name": image.name}, packages, sources, accounts)

    def properties(self) -> dict[str, str]:
        """The properties with the record."""
        plain = {key: self.facts.get(key, "") for key in (*_PLAIN, "groups")}
        lists = {"packages": [f"{name} {version}" for name, version in sorted(self.packages.items())]}
        if self.sources is not None:
            lists["sources"] = [f"{name} {' '.join(source)}" for name, source in sorted(self.sources.items())]
        texts = {name: packed("\n".join(lines)) for name, lines in lists.items()}
        texts["accounts"] = packed(self.accounts.text())
        return {PROPERTY + key: value for key, value in {**plain, **texts}.items()}

    def source_packages(self) -> dict[str, tuple[str, str]]:
        """Source package and its version of every package.

        Raises:
            ImageError: the image's record does not have them.
        """
        if self.sources is None:
            raise ImageError(
                f"the record of the image {self.facts['name']} has no source packages: it is older than this feature, "
                "or its distribution has none",
                remedy="rebuild the image: slurm-appliance image build --force",
            )
        own = {name: (name, version) for name, version in self.packages.items()}
        return {**own, **{name: source for name, source in self.sources.items() if name in own}}


def parse_packages(text: str) -> dict[str, str]:
    """Versions by package name, from lines with name and version; for several versions, all of them."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, version = line.strip().partition(" ")
        if name:
            found.setdefault(name, []).append(version)
    return {name: " ".join(versions) for name, versions in found.items()}


def parse_sources(text: str) -> dict[str, tuple[str, str]]:
    """Source package and its version by package name, of lines with these three.

    Raises:
        ValueError: a line is malformed.
    """
    sources = {}
    # A distribution without source packages has an empty list, which the playbook writes as an empty line.
    for line in filter(str.strip, text.splitlines()):
        found = _SOURCE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"{line!r} is not a package with its source")
        sources[found[1]] = (found[2], found[3])
    return sources
