"""Calls: as they came in, those that a test answers otherwise, and those that access rules allow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    method: str
    path: str
    version: str
    body: Any
    at: float
    status: int

    @property
    def action(self) -> str:
        """What a server's action was: rebuild or reboot; empty for other calls."""
        return next(iter(self.body), "") if self.path.endswith("/action") and self.body else ""


@dataclass
class Fault:
    """An answer in place of the real one.

    Attributes:
        times: for so many calls, then no more.
        after: the call takes effect all the same; only its answer is lost.
        drop: close the connection without an answer.
    """

    method: str
    path: str
    status: int = 500
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    after: bool = False
    action: str = ""


def matches(rule: Mapping[str, str], method: str, path: str) -> bool:
    """Whether a call is what a rule allows: ``*`` and ``{name}`` stand for one segment, ``**`` for any number."""
    pattern = re.sub(
        r"\\\*\\\*|\\\*|\\\{[^}]*\\\}", lambda found: ".*" if found[0] == r"\*\*" else "[^/]+", re.escape(rule["path"])
    )
    return rule["method"] == method and re.fullmatch(pattern, path) is not None
