"""Kills the follower, by SIGKILL, before each thing in turn that it does to files, programs and the network.

``python -m tests.unit.node.follow_killer WORK``: for each step, the control node has a newer bundle than the node, the
follower is killed there, and two looks of a new one follow. Prints a JSON document for each step: what the control node
heard, and which bundle the node has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from node.compute_init.follow import Follower
from node.compute_init.followed import Followed
from node.compute_init.small_file import SmallFiles
from tests.unit.node.killing import die_before, in_child
from tests.unit.node.nfs_server import FileServer, serving

_STEPS = frozenset({"open", "os.rename", "os.remove", "subprocess.Popen", "socket.bind", "socket.connect"})
_FOLLOWED = Followed("127.0.0.1", "/nodes", "c1", "server-1")

#: In place of compute-init: writes its record when it starts and when it ends.
_APPLY = """
import json, pathlib, sys
record, digest = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text().strip()
for status in ("running", "done"):
    part = record.with_suffix(".part")
    part.write_text(json.dumps({"schema": 1, "status": status, "started": "", "state": "done", "signed": digest}))
    part.rename(record)
"""


def _look(root: Path, port: int, fatal: int = 0) -> None:
    apply = (sys.executable, "-c", _APPLY, str(root / "record"), str(root / "nfs/nodes/c1/follow"))
    follower = Follower(
        root / "followed",
        root / "record",
        apply,
        lambda server: SmallFiles(server, 5.0, port, (0,)),
        lambda _text: None,
    )
    die_before(fatal, _STEPS)
    follower.look()


def _new(root: Path, server: FileServer) -> None:
    """A node with an old bundle, and a newer one on the control node."""
    said = root / "nfs" / _FOLLOWED.acknowledgement.lstrip("/")
    for folder in (said.parent, root / "nfs/nodes/c1"):
        folder.mkdir(parents=True)
    said.write_bytes(b" " * 4096)
    _FOLLOWED.write(root / "followed")
    server.folder = root / "nfs"
    for digest in ("old", "new"):
        (root / "nfs/nodes/c1/follow").write_text(f"{digest}\n")
        if digest == "old":
            assert in_child(lambda: _look(root, server.port))


def main(work: Path) -> None:
    """Kill at one step after the other, until there is none left."""
    with serving(work) as server:
        fatal, killed = 0, True
        while killed:
            fatal += 1
            root = work / str(fatal)
            _new(root, server)
            killed = not in_child(lambda root=root, fatal=fatal: _look(root, server.port, fatal))  # type: ignore[misc]
            for _ in range(2):
                assert in_child(lambda root=root: _look(root, server.port))  # type: ignore[misc]
            said = json.loads((root / "nfs" / _FOLLOWED.acknowledgement.lstrip("/")).read_text())
            record = json.loads((root / "record").read_text())
            print(json.dumps({"step": fatal, "said": [said["status"], said["signed"]], "has": record["signed"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
