"""Parses Slurm's ``Name=value`` files, as far as needed to locate the source of a message. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Records with several options. All other lines have one option.
RECORDS = frozenset({"nodename", "nodeset", "partitionname", "switchname", "downnodes", "frontendname", "name"})
#: Prefixes of options with secret values.
#: Files that only Slurm's user can read.
SECRET_FILES = frozenset({"slurmdbd.conf", "slurm.key"})

_SECRET = re.compile(r"(?i)^\s*(StoragePass|AccountingStoragePass)\s*=.*")


@dataclass(frozen=True)
class Line:
    """A line that sets an option.

    Attributes:
        file: name of the file.
        number: from 1.
        text: the line without its comment.
        words: option names and values, in their order.
    """

    file: str
    number: int
    text: str
    words: tuple[tuple[str, str], ...]

    @property
    def option(self) -> str:
        """The first option, with its original spelling."""
        return self.words[0][0]

    @property
    def value(self) -> str:
        """The first option's value; of a record, its name."""
        return self.words[0][1]

    @property
    def is_record(self) -> bool:
        """Whether it describes a node, a partition and the like."""
        return self.option.lower() in RECORDS

    def get(self, option: str) -> str | None:
        """An option's value; Slurm ignores the case of names."""
        return next((value for name, value in self.words if name.lower() == option.lower()), None)


def lines_of(file: str, text: str) -> Iterator[Line]:
    """The lines of a file that set options."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        found = re.match(r"([A-Za-z]\w*)\s*=\s*(.*)", line)
        if not found:
            continue
        if found.group(1).lower() in RECORDS:
            words = tuple((name, value) for name, value in re.findall(r"(\w+)\s*=\s*(\"[^\"]*\"|\S*)", line))
        else:
            words = ((found.group(1), found.group(2).strip()),)
        yield Line(file, number, line, words)


def all_lines(files: Mapping[str, str]) -> list[Line]:
    """The lines of all files whose name ends with ``.conf``; slurm.conf's first."""
    names = sorted((name for name in files if name.endswith(".conf")), key=lambda name: (name != "slurm.conf", name))
    return [line for name in names for line in lines_of(name, files[name])]


def option(text: str, name: str) -> str | None:
    """The value of an option in a file; the last one counts, as for Slurm."""
    found = [line.value for line in lines_of("", text) if line.option.lower() == name.lower() and not line.is_record]
    return found[-1] if found else None


def without_secrets(text: str) -> str:
    """A line of a file without secrets."""
    return _SECRET.sub(lambda found: f"{found.group(1)}=(hidden)", text)
