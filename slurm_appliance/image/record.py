"""What is known of an image: the record that lies in it, and the copy that travels with it as image properties."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slurm_appliance.image.accounts import Accounts
from slurm_appliance.image.errors import BuildError, ImageError
from slurm_appliance.image.images import GlanceImage, packed, unpacked
from slurm_appliance.image.names import PROPERTY

#: What of the record is put into properties as it is.
_PLAIN = ("build", "digest", "base", "commit", "snapshot", "os", "kernel", "slurm")


@dataclass(frozen=True)
class Record:
    """The record of an image.

    Attributes:
        facts: build, name, digest, base, commit, groups, snapshot, os, kernel, slurm.
        packages: version by package name.
        accounts: the image's own users and groups.
    """

    facts: Mapping[str, str]
    packages: Mapping[str, str]
    accounts: Accounts = field(default=Accounts())

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """The record that the playbook brought from the build server."""
        try:
            raw = json.loads((folder / "image.json").read_text(encoding="utf-8"))
            packages = parse_packages((folder / "packages.txt").read_text(encoding="utf-8"))
            accounts = Accounts.of((folder / "accounts.txt").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise BuildError(f"the playbook left no record of the image: {error}", where=str(folder)) from error
        groups = " ".join(raw.pop("groups", ()))
        return cls({**{key: str(value) for key, value in raw.items()}, "groups": groups}, packages, accounts)

    @classmethod
    def of_image(cls, image: GlanceImage) -> "Record":
        """The record that travels with an image.

        Raises:
            ImageError: the image has none.
        """
        try:
            packages = parse_packages(unpacked(image.ours_property("packages")))
        except ValueError as error:
            raise ImageError(f"the image {image.name} ({image.id}) has no list of packages") from error
        try:
            accounts = Accounts.of(unpacked(image.ours_property("accounts")))
        except ValueError:
            accounts = Accounts()  # Built before accounts were recorded.
        facts = {key: image.ours_property(key) for key in (*_PLAIN, "groups")}
        return cls({**facts, "name": image.name}, packages, accounts)

    def properties(self) -> dict[str, str]:
        """The properties that carry the record."""
        plain = {key: self.facts.get(key, "") for key in (*_PLAIN, "groups")}
        text = "\n".join(f"{name} {version}" for name, version in sorted(self.packages.items()))
        lists = {"packages": packed(text), "accounts": packed(self.accounts.text())}
        return {PROPERTY + key: value for key, value in {**plain, **lists}.items()}


def parse_packages(text: str) -> dict[str, str]:
    """Versions by package name, of lines of name and version; of a package in several versions all of them."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, version = line.strip().partition(" ")
        if name:
            found.setdefault(name, []).append(version)
    return {name: " ".join(versions) for name, versions in found.items()}
