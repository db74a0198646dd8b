"""Interprets a daemon's log messages about its configuration. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: A daemon logs this after it has read and accepted all its files.
STARTED = {"slurmctld": "Running as primary controller", "slurmdbd": "slurmdbd version"}
#: slurmdbd connects to its database as soon as it has read its file.
_DATABASE = ("mysql_real_connect failed", "database must be up")
#: Slurm waits a minute for a missing file, in vain.
_MISSING = re.compile(r"cannot stat file (\S+): (No such file or directory)")
#: Slurm continues after these, without the options it could not read.
_UNREAD = re.compile(r"Parsing error at unrecognized key|Parse error in file|is not a valid number")
#: Final messages that follow a more specific one.
_SAYS_NOTHING = re.compile(r"Unable to process configuration file|open/read/parse")
#: Errors of a trial that are unrelated to the files: no munged, no MPI library, no earlier state.
_ELSEWHERE = re.compile(
    r"(?i)munge|\bmpi\b|pmix|getaddrinfo|state file|state save file|asked for it not to be stored|not stored"
)
_PREFIX = re.compile(r"^(?:\[[^]]*\]\s*)?(?:slurmctld|slurmdbd):\s*")


@dataclass(frozen=True)
class Said:
    """A log message of a daemon.

    Attributes:
        level: ``fatal``, ``error`` or ``info``.
        text: without the daemon's name and the level.
    """

    level: str
    text: str


def message(line: str) -> Said:
    """A line of a daemon's log."""
    text = _PREFIX.sub("", line.strip())
    for level in ("fatal", "error"):
        if text.startswith(f"{level}: "):
            return Said(level, _without_function(text[len(level) + 2 :].strip()))
    return Said("info", text)


def _without_function(text: str) -> str:
    """A message without the name of the Slurm function that logged it."""
    return re.sub(r"^_?[a-z0-9]+(?:_[a-z0-9]+)+: ", "", text)


def ended_badly(line: str) -> bool:
    """Whether the daemon rejects its files, regardless of later lines."""
    return message(line).level == "fatal" or bool(_MISSING.search(line))


def started(daemon: str, line: str) -> bool:
    """Whether the daemon has accepted its files."""
    return STARTED[daemon] in line or (daemon == "slurmdbd" and any(words in line for words in _DATABASE))


def objections(lines: Sequence[str]) -> list[str]:
    """The daemon's objections to its files, the most specific first; empty if there are none."""
    said = [message(line) for line in lines]
    unread = [each.text for each in said if _UNREAD.search(each.text)]
    missing = [
        f"{found.group(1)}: {found.group(2)}" for each in said for found in [_MISSING.search(each.text)] if found
    ]
    fatal = next((index for index, each in enumerate(said) if each.level == "fatal"), None)
    if fatal is None:
        return list(dict.fromkeys(unread + missing))
    # The error just before it gave up is often the reason.
    errors = [each.text for each in said[:fatal] if each.level == "error" and not _ELSEWHERE.search(each.text)]
    before = errors[-3:]
    last = [] if (unread or missing or before) and _SAYS_NOTHING.search(said[fatal].text) else [said[fatal].text]
    return list(dict.fromkeys(unread + missing + last + before))
