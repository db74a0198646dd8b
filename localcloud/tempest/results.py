"""Compares tempest's results with the list of known failures."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: tempest's suffix of a test's name: its attributes and its fixed ID.
_TAGS = re.compile(r"\[.*\]")


@dataclass(frozen=True)
class TempestVerdict:
    """The result of a run.

    Attributes:
        passed: names of the tests that passed, whether they are listed or not.
        skipped: names of the skipped tests.
        surprises: names of tests that failed but are not listed.
        recovered: names of tests that passed but are listed.
        known: names of tests that failed as listed.
    """

    passed: tuple[str, ...]
    skipped: tuple[str, ...]
    surprises: tuple[str, ...]
    recovered: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether tests were run and the list is right."""
        return bool(self.passed) and not self.surprises and not self.recovered


def read_results(text: str) -> dict[str, str]:
    """Test names and results from the output of ``subunit2csv``; a test's last result counts."""
    rows = csv.DictReader(text.splitlines())
    return {_TAGS.sub("", row["test"]): row["status"] for row in rows if row["test"]}


def read_known_failures(text: str) -> dict[str, str]:
    """Test names and why they fail: a name, white space and a reason per line; ``#`` starts a comment.

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
    """Compare results with the list. Listed tests that were not run are ignored."""
    listed = set(known)
    passed = tuple(sorted(name for name, status in results.items() if status == "success"))
    skipped = tuple(sorted(name for name, status in results.items() if status == "skip"))
    # Everything that did not pass is a failure, including interrupted tests.
    failed = tuple(sorted(set(results) - set(passed) - set(skipped)))
    return TempestVerdict(
        passed=passed,
        skipped=skipped,
        surprises=tuple(name for name in failed if name not in listed),
        recovered=tuple(name for name in passed if name in listed),
        known=tuple(name for name in failed if name in listed),
    )
