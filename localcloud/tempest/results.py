"""Tempest's results against the list of known failures."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: What tempest appends to a test's name: its attributes and its unchanging id.
_TAGS = re.compile(r"\[.*\]")


@dataclass(frozen=True)
class TempestVerdict:
    """What a run showed.

    Attributes:
        passed: names of the tests that passed, whether they are listed or not.
        skipped: names of those that tempest left out.
        surprises: names of those that failed without being listed.
        recovered: names of those that are listed and passed.
        known: names of those that failed as listed.
    """

    passed: tuple[str, ...]
    skipped: tuple[str, ...]
    surprises: tuple[str, ...]
    recovered: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether there was something to judge and the list is right."""
        return bool(self.passed) and not self.surprises and not self.recovered


def read_results(text: str) -> dict[str, str]:
    """Test names and how they ended, from what ``subunit2csv`` prints; a test's last result counts."""
    rows = csv.DictReader(text.splitlines())
    return {_TAGS.sub("", row["test"]): row["status"] for row in rows if row["test"]}


def read_known_failures(text: str) -> dict[str, str]:
    """Test names and why they fail: a name, white space and a reason a line; ``#`` begins a comment.

    Raises:
        ValueError: a line has no reason.
    """
    known: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise ValueError(f"line {number}: {name} is listed without a reason")
        known[name] = reason.strip()
    return known


def judge(results: Mapping[str, str], known: Iterable[str]) -> TempestVerdict:
    """Compare results with the list. Listed tests that were not run are not judged."""
    listed = set(known)
    passed = tuple(sorted(name for name, status in results.items() if status == "success"))
    skipped = tuple(sorted(name for name, status in results.items() if status == "skip"))
    # Whatever is not known to be good is a failure, a test that was cut off among them.
    failed = tuple(sorted(set(results) - set(passed) - set(skipped)))
    return TempestVerdict(
        passed=passed,
        skipped=skipped,
        surprises=tuple(name for name in failed if name not in listed),
        recovered=tuple(name for name in passed if name in listed),
        known=tuple(name for name in failed if name in listed),
    )
