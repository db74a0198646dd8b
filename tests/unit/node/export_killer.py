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
import sys
from pathlib import Path
from typing import Any

from node.export_receiver.program import main
from tests.unit.node.killing import die_before, in_child

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


def _receive(stream: bytes, root: Path, fatal: int = 0) -> None:
    """Take an archive and end the process with the program's status; killed before the given step."""
    sys.stdin = io.TextIOWrapper(io.BytesIO(stream))
    sys.stdout = io.StringIO()
    os.sync = lambda: None  # Power cuts are not what is tried here, and it waits for all disks of this machine.
    options = [f"--{name}={root / name}" for name in ("folder", "targets", "exports", "ganesha")]
    options.append(f"--reload=cp {root / 'exports'} {root / 'served'}")
    die_before(fatal, _STEPS)
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
    assert in_child(lambda: _receive(before, start))
    fatal, killed = 0, True
    while killed:
        fatal += 1
        root = work / str(fatal)
        shutil.copytree(start, root)
        killed = not in_child(lambda root=root, fatal=fatal: _receive(after, root, fatal))  # type: ignore[misc]
        assert in_child(lambda root=root: _receive(after, root)), f"step {fatal}: the next run failed"  # type: ignore[misc]
        print(json.dumps({"step": fatal, **_look(root)}))


if __name__ == "__main__":
    run(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]))
