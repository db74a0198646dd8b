"""Whether this version of the product belongs to a site repository, which says which one it is for."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from slurm_appliance import __version__
from slurm_appliance.errors import Problem, UsageError
from slurm_appliance.site_repository.place import SITE_FILE

_FORM = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_REMEDY = f'write one line: version: "{__version__}"'


@dataclass(frozen=True, order=True)
class ProductVersion:
    """A version, in Semantic Versioning.

    Attributes:
        major: changes with what users must act upon; while it is 0, minor does.
        minor: changes with new features.
        patch: changes with corrections.
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The version in a text; None if it is none."""
        found = _FORM.fullmatch(text.strip())
        return cls(*map(int, found.groups())) if found else None

    @property
    def series(self) -> tuple[int, ...]:
        """The part that is the same in versions that can replace each other."""
        return (self.major,) if self.major else (self.major, self.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def version_note(site: Path, product: str = __version__) -> Problem | None:
    """What an operator should know about the versions; None if they belong together, or if this is no site repository.

    Raises:
        UsageError: the repository is for a newer version, or its file has something else in it.
    """
    file = site / SITE_FILE
    if not file.is_file():
        return None
    wanted, ours = _wanted(file), ProductVersion.of(product)
    assert ours is not None  # noqa: S101 - our own
    if ours < wanted:
        raise UsageError(
            f"this repository is for slurm-appliance {wanted}, and this is {ours}",
            where=str(file),
            remedy=f"install slurm-appliance {wanted} or newer",
        )
    if ours.series != wanted.series:
        remedy = f'read the upgrade notes in the changelog, then write version: "{ours}"'
        return Problem(SITE_FILE, f"this repository is for slurm-appliance {wanted}, and this is {ours}", remedy)
    return None


def _wanted(file: Path) -> ProductVersion:
    import yaml

    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"this cannot be read: {error}", where=str(file), remedy=_REMEDY) from error
    settings = document if isinstance(document, dict) else {}
    if unknown := sorted(str(name) for name in settings if name != "version"):
        raise UsageError(f"unknown setting: {', '.join(unknown)}", where=str(file), remedy="the only one is version")
    found = ProductVersion.of(str(settings.get("version", "")))
    if found is None:
        raise UsageError("it names no version, such as 1.2.3", where=str(file), remedy=_REMEDY)
    return found
