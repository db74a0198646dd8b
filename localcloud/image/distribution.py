"""The tables of what roles expect of a distribution: packages, what is in them, and which role uses what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from toolchain.paths import REPOSITORY

#: The tables, one for each family of distributions, by Ansible's name of it.
FOLDER = REPOSITORY / "ansible" / "distributions"


@dataclass(frozen=True)
class DistributionPackage:
    """A package that roles install or that a system has from the start.

    Attributes:
        name: in the distribution.
        source: where its name is known from; empty: nothing confirms it.
        repository: which of the distribution's repositories has it; empty where it has one only.
        contents: units, paths and commands of it that roles use, with their sources.
        users: users that it creates or needs, with their sources.
    """

    name: str
    source: str
    repository: str = ""
    contents: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Distribution:
    """What roles expect of a distribution.

    Attributes:
        name: what it was written for.
        family: where Slurm's packages come from.
        sources: what was read, by the names that facts use.
        packages: by name.
        variables: the facts that the variables of each role name for this table: packages, what is in them, and users
            with the prefix ``user:``.
        tasks: the same of its tasks, handlers, defaults and templates.
    """

    name: str
    family: str
    sources: Mapping[str, str]
    packages: Mapping[str, DistributionPackage]
    variables: Mapping[str, frozenset[str]]
    tasks: Mapping[str, frozenset[str]]

    def facts(self) -> dict[str, str]:
        """The source of each package, unit, path, command and user; users with the prefix ``user:``."""
        found: dict[str, str] = {}
        for package in self.packages.values():
            found[package.name] = package.source
            found.update(package.contents)
            found.update({f"user:{name}": source for name, source in package.users.items()})
        return found

    def unverified(self) -> list[str]:
        """The facts without a source, sorted."""
        return sorted(name for name, source in self.facts().items() if not source)


def load(os_family: str, folder: Path = FOLDER) -> Distribution:
    """The table of a family of distributions, or of a family of packages with all that it has of its distribution.

    Args:
        os_family: Ansible's name of the family of distributions, or ``OpenHPC``.
        folder: where the tables are.
    """
    table = yaml.safe_load((folder / f"{os_family}.yml").read_text(encoding="utf-8"))
    packages = {name: _package(name, row) for name, row in table["packages"].items()}
    sources: Mapping[str, str] = table["sources"]
    variables, tasks = (
        {name: frozenset(facts) for name, facts in table[part].items()} for part in ("variables", "tasks")
    )
    if "extends" in table:
        below, without = load(table["extends"], folder), set(table["without"])
        if unknown := without - set(below.packages):
            raise ValueError(f"without: {table['extends']} has no package {', '.join(sorted(unknown))}")
        packages = {name: each for name, each in below.packages.items() if name not in without} | packages
        sources = {**below.sources, **sources}
        variables, tasks = {**below.variables, **variables}, {**below.tasks, **tasks}
    return Distribution(table["distribution"], table["family"], sources, packages, variables, tasks)


def _package(name: str, row: Mapping[str, Any]) -> DistributionPackage:
    unknown = set(row) - {"source", "repository", "contents", "users"}
    if unknown or "source" not in row:
        raise ValueError(f"{name}: {', '.join(sorted(unknown)) or 'no source; null if there is none'}")
    return DistributionPackage(
        name,
        row["source"] or "",
        row.get("repository", ""),
        {fact: source or "" for fact, source in row.get("contents", {}).items()},
        {user: source or "" for user, source in row.get("users", {}).items()},
    )
