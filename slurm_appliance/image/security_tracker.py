"""The data of Debian's security tracker: issues of source packages by version.

They come from outside and are partly printed, so every text is validated before use.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slurm_appliance.image.debian_version import DebianVersion
from slurm_appliance.image.errors import TrackerError

#: A CVE, or the tracker's own number if there is none yet.
_ISSUE = re.compile(r"[A-Za-z0-9-]{1,60}")
_URGENCY = re.compile(r"[a-z *-]{0,40}")

_STATES = ("open", "resolved", "undetermined")

_REMEDY = "download the file from Debian's security tracker again: its page 'data/json'"


@dataclass(frozen=True)
class Issue:
    """An issue of a source package in one release.

    Attributes:
        name: the CVE.
        status: ``open``, ``resolved`` or ``undetermined``.
        fixed_version: the first version without it, ``0`` if no version has it; None while it is open.
        urgency: the tracker's urgency.
    """

    name: str
    status: str
    fixed_version: DebianVersion | None
    urgency: str


@dataclass(frozen=True)
class SecurityTracker:
    """The data, parsed on demand: there are tens of thousands of issues."""

    _document: Mapping[str, Any]

    @classmethod
    def of_file(cls, file: Path) -> "SecurityTracker":
        """The data in a file.

        Raises:
            TrackerError: see ``parse``.
        """
        return cls.parse(file.read_text(encoding="utf-8", errors="replace"))

    @classmethod
    def parse(cls, text: str) -> "SecurityTracker":
        """Parse the data of a file.

        Raises:
            TrackerError: it is not a JSON object.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise TrackerError(f"this is not JSON: {error}", remedy=_REMEDY) from error
        if not isinstance(document, dict):
            raise TrackerError("this is not data of Debian's security tracker: not an object", remedy=_REMEDY)
        return cls(document)

    def knows(self, source: str) -> bool:
        """Whether the data contain a source package."""
        return source in self._document

    def issues(self, source: str, release: str) -> Iterator[Issue]:
        """The issues of a source package in a release.

        Raises:
            TrackerError: they are malformed.
        """
        for name, facts in _mapping(self._document.get(source, {}), source).items():
            if not _ISSUE.fullmatch(name):
                raise TrackerError(f"{name!r} is not the name of an issue", where=source, remedy=_REMEDY)
            where = f"{source} {name}"
            releases = _mapping(_mapping(facts, where).get("releases", {}), where)
            if release in releases:
                yield _issue(name, _mapping(releases[release], where), where)


def _issue(name: str, facts: Mapping[str, Any], where: str) -> Issue:
    status, urgency, fixed = facts.get("status"), facts.get("urgency", ""), facts.get("fixed_version")
    if status not in _STATES:
        raise TrackerError(f"its status must be one of {', '.join(_STATES)}", where=where, remedy=_REMEDY)
    if not isinstance(urgency, str) or not _URGENCY.fullmatch(urgency):
        raise TrackerError("its urgency must be a string", where=where, remedy=_REMEDY)
    if status != "resolved":
        return Issue(name, status, None, urgency)
    if not isinstance(fixed, str):
        raise TrackerError("it is resolved and has no fixed_version", where=where, remedy=_REMEDY)
    try:
        return Issue(name, status, DebianVersion(fixed), urgency)
    except ValueError as error:
        raise TrackerError(f"fixed_version: {error}", where=where, remedy=_REMEDY) from error


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TrackerError("this is not data of Debian's security tracker: not an object", where=where, remedy=_REMEDY)
    return value
