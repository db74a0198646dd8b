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

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Of a loop, the first item that failed. Since 2.21, the result of the whole has no items any more.
        self._of_item: dict[str, Any] = {}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002 - Ansible's signature
        """Called by Ansible at the start of each task."""
        self._of_item = {}

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Called by Ansible for each item of a loop that failed."""
        self._of_item = self._of_item or dict(_details(result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Called by Ansible for each failed task."""
        if not ignore_errors:
            self._keep(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Called by Ansible for each host that it cannot reach."""
        self._keep(result)

    def _keep(self, result: Any) -> None:
        task = getattr(result, "task", None) or result._task  # noqa: SLF001 - the only name before 2.19
        details = self._of_item or _details(result)
        record = {"task": task.get_name(), "path": task.get_path() or "", "message": _message(details)}
        Path(os.environ["ANSIBLE_INIT_FAILURE_FILE"]).write_text(json.dumps(record), encoding="utf-8")


def _details(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(result, "result", None) or result._result  # noqa: SLF001 - the name before 2.19
    return found


def _message(details: dict[str, Any]) -> str:
    """What a failed task, or item of a loop, said."""
    return str(details.get("msg") or details.get("censored") or details.get("stderr") or "no message")
