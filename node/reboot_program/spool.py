"""State that must survive the death of any process here: requests from Slurm, and nodes in progress.

::

    requests/<time>-<pid>.json   one call of RebootProgram: node names and time
    nodes/<node>.json            one node in progress; removed when it is done
    lost/<node>.json             one node that Slurm has not seen since its boot; see lost.py
    worker.lock                  locked by the worker

Files are written atomically and durably. A request is removed after all its nodes have a file, so a
crash in between repeats harmless work and loses none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .facts import Intent, Verb
from .whole_file import write_whole


@dataclass(frozen=True)
class RebootRequest:
    """One call of RebootProgram."""

    nodes: tuple[str, ...]
    asked: float
    features: str = ""


@dataclass(frozen=True)
class Entry:
    """One node in progress.

    Attributes:
        asked: time of Slurm's request, in seconds since the epoch.
        intent: the started action, written before the call to Nova.
        booting: whether the cloud's part is done.
        failed: the reason to report to Slurm; empty if there is none.
        hold: with `failed`: the node may still run its old image and must be kept out of service.
        woken: Slurm cannot reach the node and only reboots reachable ones, so it is booted without Slurm's call.
    """

    node: str
    asked: float
    intent: Intent | None = None
    booting: bool = False
    failed: str = ""
    hold: bool = False
    woken: bool = False

    def failing(self, reason: str, *, hold: bool) -> Entry:
        """A copy of this entry with a reason for Slurm."""
        return replace(self, failed=reason, hold=hold)


class Spool:
    """The spool folder. Creates missing subfolders, readable only by their owner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests = folder / "requests"
        self.nodes = folder / "nodes"
        for each in (self.requests, self.nodes):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, request: RebootRequest) -> Path:
        """Store a request; it is on disk when this returns."""
        path = self.requests / f"{time.time_ns()}-{os.getpid()}.json"
        write_whole(path, json.dumps(asdict(request)), durable=True)
        return path

    def pending(self) -> Iterator[tuple[Path, RebootRequest]]:
        """Unprocessed requests, oldest first. Unreadable ones are renamed to ``*.damaged``."""
        for path in sorted(self.requests.glob("*.json")):
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
                request = RebootRequest(
                    tuple(document["nodes"]), float(document["asked"]), str(document.get("features", ""))
                )
            except (ValueError, KeyError, TypeError):
                path.rename(path.with_suffix(".damaged"))
                continue
            yield path, request

    def save(self, entry: Entry) -> None:
        """Store a node's entry."""
        document = asdict(entry)
        if entry.intent:
            document["intent"]["verb"] = entry.intent.verb.value
        write_whole(self.nodes / f"{entry.node}.json", json.dumps(document), durable=True)

    def remove(self, node: str) -> None:
        """Remove a finished node."""
        (self.nodes / f"{node}.json").unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """All nodes in progress. An unreadable file counts as a request from its modification time."""
        for path in sorted(self.nodes.glob("*.json")):
            try:
                yield _entry(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):  # noqa: PERF203 - one damaged file must not hide the others
                yield Entry(path.stem, path.stat().st_mtime)


def _entry(document: dict[str, Any]) -> Entry:
    intent = document.get("intent")
    if intent:
        intent = Intent(Verb(intent["verb"]), intent["image_id"], bool(intent["accepted"]), intent["request_id"])
    return Entry(
        node=document["node"],
        asked=float(document["asked"]),
        intent=intent or None,
        booting=bool(document["booting"]),
        failed=document["failed"],
        hold=bool(document["hold"]),
        woken=bool(document.get("woken", False)),
    )
