"""The result of compute-init: like that of ansible-init, with the state's name and the bundle's digest."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

from node.ansible_init.result import FAILED, SCHEMA, Result, now


@dataclass(frozen=True)
class ComputeInitRecord(Result):
    """The result of a run.

    Attributes:
        state: one of ``done``, ``unchanged``, ``not-enabled``, ``not-exported``, ``metadata``, ``unreachable``,
            ``wrong-signature``, ``wrong-bundle``, ``role-failed``, ``stopped``, ``unexpected``; empty while running.
        bundle: digest of the bundle that the node was set up with.
        serial: serial of the newest bundle that this node has seen, used or not; kept between runs.
        bundle_key: the public key that verified it.
        signed: digest of the bundle.signed that this run looked at last, accepted or not.
    """

    state: str = ""
    bundle: str = ""
    serial: int = 0
    bundle_key: str = ""
    signed: str = ""

    def seen(self, key: str) -> int:
        """The serial of the newest bundle that this node has seen, verified with this key; 0 for none."""
        return self.serial if self.bundle_key == key else 0

    def ended_as(self, status: str, state: str, reason: str, bundle: str) -> ComputeInitRecord:
        """A copy of this record that ends now without a failure."""
        return replace(self, status=status, ended=now(), step="", state=state, reason=reason, bundle=bundle)

    def failed(self, state: str, error: str) -> ComputeInitRecord:
        """A copy of this record that ends now with a failure in the current step."""
        return replace(self, status=FAILED, ended=now(), state=state, error=error)


def read_record(path: Path) -> ComputeInitRecord | None:
    """The record in a file, or None if it is missing or this version does not understand it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    names = {each.name for each in fields(ComputeInitRecord)} - {"steps"}
    return ComputeInitRecord(**{key: value for key, value in document.items() if key in names})
