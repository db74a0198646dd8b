"""Kills the program that takes the archive, by SIGKILL, before each thing in turn that it does to a file system.

``python -m tests.unit.node.export_killer BEFORE AFTER WORK``: for each step, the control node has what the archive
BEFORE brought, the run for AFTER is killed there, and a whole run follows. Prints a JSON document for each step: what
the stand-in for the NFS server serves then, and what it should serve.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from node.export_receiver.program import main

#: What changes a file system or starts a program.
_STEPS = frozenset(
    {
        "open",
        "os.rename",
        "os.remove",
        "os.link",
        "os.mkdir",
        "os.rmdir",
        "os.chmod",
        "subprocess.Popen",
        "shutil.rmtree",
    }
)


def _in_child(work: Callable[[], None]) -> bool:
    """Run something in a process of its own; returns whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(70)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _receive(stream: bytes, root: Path, fatal: int = 0) -> None:
    """Take an archive and end the process with the program's status; killed before the given step."""
    count = 0

    def step(event: str, _arguments: tuple[Any, ...]) -> None:
        nonlocal count
        count += event in _STEPS
        if count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.stdin = io.TextIOWrapper(io.BytesIO(stream))
    sys.stdout = io.StringIO()
    os.sync = lambda: None  # Power cuts are not what is tried here, and it waits for all disks of this machine.
    options = [f"--{name}={root / name}" for name in ("folder", "targets", "exports", "ganesha")]
    options.append(f"--reload=cp {root / 'exports'} {root / 'served'}")
    if fatal:
        sys.addaudithook(step)
    os._exit(main(options))


def _look(root: Path) -> dict[str, Any]:
    nodes = root / "folder" / "nodes"
    return {
        "served": (root / "served").read_text(),
        "exports": (root / "exports").read_text(),
        "nodes": {
            node.name: {path.name: path.read_text() for path in sorted(node.iterdir())}
            for node in sorted(nodes.iterdir())
        },
        "left": sorted(path.name for path in (root / "folder").iterdir()),
    }


def run(before: bytes, after: bytes, work: Path) -> None:
    """Kill at one step after the other, until there is none left."""
    start = work / "start"
    start.mkdir()
    assert _in_child(lambda: _receive(before, start))
    fatal, killed = 0, True
    while killed:
        fatal += 1
        root = work / str(fatal)
        shutil.copytree(start, root)
        killed = not _in_child(lambda root=root, fatal=fatal: _receive(after, root, fatal))  # type: ignore[misc]
        assert _in_child(lambda root=root: _receive(after, root)), f"step {fatal}: the next run failed"  # type: ignore[misc]
        print(json.dumps({"step": fatal, **_look(root)}))


if __name__ == "__main__":
    run(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]))
