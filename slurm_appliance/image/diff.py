"""Differences between two images, from the records in their properties."""

from collections.abc import Mapping
from dataclasses import dataclass

from slurm_appliance.image.record import ImageRecord


@dataclass(frozen=True)
class ImageDifference:
    """A fact or package that differs; an empty string means absent."""

    name: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        return "changed" if self.before and self.after else ("added" if self.after else "removed")

    def __str__(self) -> str:
        """``~ libc6 2.41-12 → 2.41-13``."""
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.kind]
        versions = f"{self.before} → {self.after}" if self.kind == "changed" else self.before or self.after
        return f"{sign} {self.name} {versions}"


@dataclass(frozen=True)
class Difference:
    """All differences.

    Attributes:
        facts: of the image: base, groups, os, kernel, slurm, ...
        packages: by name.
    """

    facts: tuple[ImageDifference, ...]
    packages: tuple[ImageDifference, ...]

    def lines(self) -> list[str]:
        """All of it for a person: first the facts, then the packages, a line each."""
        facts = [f"  {each.name}: {each.before or '(nothing)'} → {each.after or '(nothing)'}" for each in self.facts]
        return [*facts, *map(str, self.packages)] or ["no difference"]


def difference(before: ImageRecord, after: ImageRecord) -> Difference:
    """The changes from one image to another, sorted by name."""
    return Difference(_changes(before.facts, after.facts), _changes(before.packages, after.packages))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ImageDifference, ...]:
    return tuple(
        ImageDifference(name, before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name, "") != after.get(name, "")
    )
