"""What must survive the death of any process here: requests from Slurm, and nodes under way.

::

    requests/<time>-<pid>.json   one call of RebootProgram: node names and when
    nodes/<node>.json            one node under way; gone when it is done
    lost/<node>.json             one node that Slurm has not seen since it was booted; see lost.py
    worker.lock                  held by the one worker

Files appear whole (written aside, synced, renamed). A request is removed after all its nodes have their file, so a
death in between repeats harmless work and loses none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .durable import write
from .facts import Intent, Verb


@dataclass(frozen=True)
class RebootRequest:
    """One call of RebootProgram."""

    nodes: tuple[str, ...]
    asked: float
    features: str = ""


@dataclass(frozen=True)
class Entry:
    """One node under way.

    Attributes:
        asked: when Slurm asked, seconds since the epoch.
        intent: what was begun, written before Nova is asked.
        booting: the cloud's part is done.
        failed: the reason for Slurm, to be delivered; empty while there is none.
        hold: with `failed`: the node may still run its old image and must not return to service by itself.
        woken: Slurm does not reach the node, and reboots only what it reaches: it is booted without being asked for.
    """

    node: str
    asked: float
    intent: Intent | None = None
    booting: bool = False
    failed: str = ""
    hold: bool = False
    woken: bool = False

    def failing(self, reason: str, *, hold: bool) -> Entry:
        """This entry with its reason for Slurm."""
        return replace(self, failed=reason, hold=hold)


class Spool:
    """The folder. Creates its subfolders if they are missing, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests = folder / "requests"
        self.nodes = folder / "nodes"
        for each in (self.requests, self.nodes):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, request: RebootRequest) -> Path:
        """Write a request down; when this returns it is on disk."""
        path = self.requests / f"{time.time_ns()}-{os.getpid()}.json"
        write(path, asdict(request))
        return path

    def pending(self) -> Iterator[tuple[Path, RebootRequest]]:
        """Requests not yet taken up, oldest first. One that cannot be read is moved aside, as ``*.damaged``."""
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
        """Write a node's entry down."""
        document = asdict(entry)
        if entry.intent:
            document["intent"]["verb"] = entry.intent.verb.value
        write(self.nodes / f"{entry.node}.json", document)

    def remove(self, node: str) -> None:
        """Forget a node that is done."""
        (self.nodes / f"{node}.json").unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """All nodes under way. A file that cannot be read counts as a request made when it was written."""
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
