"""Waits on the control node until all nodes have said what came of the settings that were exported for them."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from node.export_receiver.acknowledgement import Acknowledgement, AcknowledgementError, parse, read
from node.export_receiver.receiver import SAID
from node.export_receiver.verdict import Expected, NodeVerdict, Tally, WaitLimits, tally

#: Seconds between two looks.
_PAUSE = 0.25


class Wait:
    """One wait for all nodes.

    Args:
        folder: what the receiver installed.
        said: the folder of the files that nodes write.
        limits: how long to wait.
    """

    def __init__(self, folder: Path, said: Path, limits: WaitLimits) -> None:
        self._said = said
        self._limits = limits
        self._since = (folder / "manifest.json").stat().st_mtime
        self._expected = {
            node: _expected(folder / "nodes" / node / "bundle.signed")
            for node in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        }
        self._seen: dict[str, tuple[int, Acknowledgement | str | None]] = {}

    def look(self) -> Tally:
        """The state of all nodes now; a file is read only if it has changed."""
        said = {node: self._read(node) for node in self._expected}
        return tally(self._expected, said, max(0.0, time.time() - self._since), self._limits)

    def until(self, end: Callable[[], bool]) -> Tally:
        """Look again and again until no node is waited for, or until the end."""
        found = self.look()
        while found.count(NodeVerdict.WAITING) and not end():
            time.sleep(_PAUSE)
            found = self.look()
        return found

    def _read(self, node: str) -> Acknowledgement | str | None:
        path = self._said / node / SAID
        try:
            changed = path.lstat().st_mtime_ns
        except OSError as error:
            return f"its acknowledgement cannot be read: {error.strerror}"
        former = self._seen.get(node)
        if former is None or former[0] != changed:
            try:
                former = changed, parse(read(path), node)
            except AcknowledgementError as error:
                former = changed, str(error)
            self._seen[node] = former
        return former[1]


def _expected(path: Path) -> Expected:
    content = path.read_bytes()
    statement = json.loads(content.partition(b"\n")[0])
    return Expected(hashlib.sha256(content).hexdigest(), str(statement["instance_id"]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Wait for a while; print one line of JSON with the state of all nodes."""
    parser = argparse.ArgumentParser(description="Wait until compute nodes have acknowledged their settings.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--said", type=Path, required=True)
    parser.add_argument("--notice", type=float, required=True, help="seconds until a node must have noticed")
    parser.add_argument("--end", type=float, required=True, help="seconds until a node must have applied them")
    parser.add_argument("--slice", type=float, required=True, help="seconds after which to print in any case")
    options = parser.parse_args(arguments)
    slice_end = time.monotonic() + options.slice
    try:
        wait = Wait(options.folder, options.said, WaitLimits(options.notice, options.end))
        found = wait.until(lambda: time.monotonic() >= slice_end)
    except (OSError, ValueError, KeyError) as error:
        print(f"slurm-appliance-await-nodes: {error}", file=sys.stderr)
        return 1
    print(
        json.dumps(
            {
                "ended": not found.count(NodeVerdict.WAITING),
                "progress": found.progress,
                "changed": found.count(NodeVerdict.CHANGED),
                "good": found.nodes(NodeVerdict.UNCHANGED) + found.nodes(NodeVerdict.CHANGED),
                "quiet": found.nodes(NodeVerdict.QUIET),
                "problems": dict(sorted(found.problems.items())),
            }
        )
    )
    return 0
