"""Pulp's health, from its status page, which needs no password."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from mirror.options import Options
from mirror.programs import process_name

_STATUS_PATH = "/pulp/api/v3/status/"


@dataclass(frozen=True)
class Health:
    """The data of Pulp's status page.

    Attributes:
        answers: whether the API responded.
        database: whether the API can reach the database.
        online: how many processes of each kind are online: ``api``, ``content``, ``worker``.
        versions: of Pulp's parts.
        disk_used: used bytes of the packages' file system; disk_total: its size.
    """

    answers: bool
    database: bool
    online: dict[str, int]
    versions: dict[str, str]
    disk_used: int = 0
    disk_total: int = 0

    def missing(self, workers: int) -> list[str]:
        """What is missing, as text."""
        if not self.answers:
            return ["the API"]
        wanted = {"api": 1, "content": 1, "worker": workers}
        absent = [
            f"{kind} ({self.online[kind]} of {count})" for kind, count in wanted.items() if self.online[kind] < count
        ]
        return [*([] if self.database else ["the database"]), *absent]


_SILENT = Health(answers=False, database=False, online={"api": 0, "content": 0, "worker": 0}, versions={})


def ask(options: Options, start: str) -> Health:
    """Pulp's health, counting only the processes of one start: Pulp lists those of an earlier one for a while."""
    try:
        # Never use a proxy: it is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(options.api_url + _STATUS_PATH, timeout=10) as answer:
            return _read(json.load(answer), start)
    except (OSError, ValueError):
        return _SILENT


def _read(status: dict[str, Any], start: str) -> Health:
    def count(listed: str) -> int:
        return sum(process["name"].endswith(process_name("", start)) for process in status[listed] or ())

    storage = status.get("storage") or {}
    return Health(
        answers=True,
        database=bool(status["database_connection"]["connected"]),
        online={
            "api": count("online_api_apps"),
            "content": count("online_content_apps"),
            "worker": count("online_workers"),
        },
        versions={part["component"]: part["version"] for part in status["versions"]},
        disk_used=storage.get("used") or 0,
        disk_total=storage.get("total") or 0,
    )
