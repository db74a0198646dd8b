"""The result of compute-init: that of ansible-init, with a word for the state and the bundle that it was made from."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

from node.ansible_init.result import FAILED, SCHEMA, Result, now


@dataclass(frozen=True)
class ComputeInitRecord(Result):
    """How a run went.

    Attributes:
        state: one of ``done``, ``unchanged``, ``not-enabled``, ``not-exported``, ``metadata``, ``unreachable``,
            ``wrong-signature``, ``wrong-bundle``, ``role-failed``, ``stopped``, ``unexpected``; empty while running.
        bundle: digest of the bundle that the node was set up from.
        serial: of the newest bundle that this node has seen, whatever became of it; kept from run to run.
        bundle_key: the public key that it was signed with.
    """

    state: str = ""
    bundle: str = ""
    serial: int = 0
    bundle_key: str = ""

    def seen(self, key: str) -> int:
        """The serial of the newest bundle that this node has seen, signed with this key; 0 for none."""
        return self.serial if self.bundle_key == key else 0

    def ended_as(self, status: str, state: str, reason: str, bundle: str) -> ComputeInitRecord:
        """This record, ended now, without a failure."""
        return replace(self, status=status, ended=now(), step="", state=state, reason=reason, bundle=bundle)

    def failed(self, state: str, error: str) -> ComputeInitRecord:
        """This record, ended now by a failure in the step under way."""
        return replace(self, status=FAILED, ended=now(), state=state, error=error)


def read_record(path: Path) -> ComputeInitRecord | None:
    """The record in a file, or None where there is none that this version understands."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    names = {each.name for each in fields(ComputeInitRecord)} - {"steps"}
    return ComputeInitRecord(**{key: value for key, value in document.items() if key in names})
