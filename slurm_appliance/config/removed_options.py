"""Options of Slurm's files that a release no longer takes; ``removed_options.yml`` lists them with their sources."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml

from node.slurm_files.release import release_order

_TABLE = Path(__file__).with_name("removed_options.yml")


class OptionFile(StrEnum):
    """Where an option is written."""

    SLURM = "slurm.conf"
    PARTITION = "partition"
    CGROUP = "cgroup.conf"


class RemovalEffect(StrEnum):
    """What Slurm does with an option that it no longer takes."""

    REFUSED = "refused"
    IGNORED = "ignored"
    RENAMED = "renamed"


class RemovalSource(StrEnum):
    """How the release of a removal is known."""

    CHANGELOG = "changelog"
    TABLES = "tables"


@dataclass(frozen=True)
class RemovedOption:
    """A row of the table.

    Attributes:
        option: the option's name, or ``name=value`` where one value was removed.
        file: where it is written.
        release: first release with the effect.
        effect: what that release and newer ones do with it.
        instead: what to do.
        source: how the release is known.
        taken: last release known to take it; empty where it is the one before ``release``.
    """

    option: str
    file: OptionFile
    release: str
    effect: RemovalEffect
    instead: str
    source: RemovalSource
    taken: str = ""

    @property
    def name(self) -> str:
        """The option's name without a value."""
        return self.option.partition("=")[0]

    @property
    def since(self) -> str:
        """The release, for a sentence."""
        return f"{self.release} or earlier" if self.taken else self.release

    @property
    def remedy(self) -> str:
        """What to do, as a sentence that goes on from a path."""
        return self.instead if self.instead.startswith("remove it") else f"use {self.instead}"

    def covers(self, option: str, value: str) -> bool:
        """Whether the row is about this option and value. Slurm compares both without case.

        A value may be a list. Slurm adds a plugin's type where it is missing: ``cray_aries`` is
        ``job_submit/cray_aries``.
        """
        removed = self.option.partition("=")[2]
        if option.lower() != self.name.lower():
            return False
        return not removed or _plain(removed) in {_plain(item) for item in value.split(",")}

    def holds_in(self, release: str) -> bool:
        """Whether a release, like ``24.11``, is one that no longer takes it."""
        return release_order(release) >= release_order(self.release)


@cache
def table() -> tuple[RemovedOption, ...]:
    """All rows, in the file's order."""
    rows = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return tuple(_row(**row) for row in rows)


def removed(file: OptionFile, option: str, value: str, release: str) -> RemovedOption | None:
    """The row for an option that a release no longer takes; None if it takes it, as far as is known."""
    return next(
        (row for row in table() if row.file is file and row.covers(option, value) and row.holds_in(release)), None
    )


def page() -> str:
    """The table in Markdown, for docs/slurm-options.md."""
    rows = [_line(row) for row in table()]
    head = ["| option | file | since | effect | instead | source |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _line(row: RemovedOption) -> str:
    since = f"{row.since} ({row.taken} takes it)" if row.taken else row.since
    return f"| `{row.option}` | {row.file} | {since} | {row.effect} | {row.instead} | {row.source} |"


def _row(
    *, option: str, file: str, release: str, effect: str, instead: str, source: str, taken: str = ""
) -> RemovedOption:
    return RemovedOption(
        option, OptionFile(file), release, RemovalEffect(effect), instead, RemovalSource(source), taken
    )


def _plain(value: str) -> str:
    return value.strip().lower().rpartition("/")[2]
