"""Ansible callback plugin: records the last failed task for ansible-init's result.

On a single host, that task ended the play: a rescue handled all earlier failures. Ansible censors the result of tasks
with ``no_log`` before it calls callbacks.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: last_failure
    type: notification
    short_description: writes the last failed task to a file
    description: The environment variable ANSIBLE_INIT_FAILURE_FILE names the file.
    requirements: []
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # released without type hints
    """Keeps the last failure that is not ignored with ignore_errors."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "last_failure"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Called by Ansible for each failed task."""
        if not ignore_errors:
            self._keep(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Called by Ansible for each host that it cannot reach."""
        self._keep(result)

    def _keep(self, result: Any) -> None:
        task = getattr(result, "task", None) or result._task  # noqa: SLF001 - the only name before 2.19
        details = getattr(result, "result", None) or result._result  # noqa: SLF001 - likewise
        record = {"task": task.get_name(), "path": task.get_path() or "", "message": _message(details)}
        Path(os.environ["ANSIBLE_INIT_FAILURE_FILE"]).write_text(json.dumps(record), encoding="utf-8")


def _message(details: dict[str, Any]) -> str:
    """The message of a failed task; for a loop, that of its first failed item."""
    failed_items = [item for item in details.get("results") or () if isinstance(item, dict) and item.get("failed")]
    source = failed_items[0] if failed_items else details
    return str(source.get("msg") or source.get("censored") or source.get("stderr") or "no message")
