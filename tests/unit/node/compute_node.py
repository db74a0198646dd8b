"""A compute node with what the control node exports to it, and stand-ins for the programs that it calls."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.ansible_init.metadata import Metadata
from node.compute_init.record import ComputeInitRecord, read_record
from node.compute_init.run import main
from node.compute_init.settings import ComputeInitSettings
from node.compute_init.share import Share
from slurm_appliance.hostvars.bundle import SharedFile, listed
from slurm_appliance.hostvars.signing import SigningKey
from tests.unit.node.known_metadata import Known

NODE = "demo-c-0"
KEY = SigningKey(base64.b64encode(b"k" * 32).decode())
META = {
    "compute": "true",
    "nfs": "true",
    "other": "no",
    "control_address": "127.0.0.1",
    "bundle_key": KEY.public,
}
SERVER = Metadata("server-1", NODE, META)
FILES = {"variables.json": b'{"munge_key": "k"}', "hosts": b"127.0.0.1 localhost\n", "users.json": b"{}\n"}
#: Those of the files that are no secret, and that nodes keep.
KEPT = frozenset({"users.json"})


def head(**changes: object) -> bytes:
    document = {"schema": 2, "node": NODE, "instance_id": "server-1", "image_id": "i", "files": digests(FILES)}
    return json.dumps(document | changes).encode()


def put(folder: Path, files: dict[str, bytes] | None = None, serial: int = 100, **changes: object) -> None:
    """Export a bundle as the deploy host does, signed."""
    files = FILES if files is None else files
    for name, content in files.items():
        (folder / name).write_bytes(content)
    text = head(**{"files": digests(files), **changes})
    (folder / "bundle.json").write_bytes(text)
    (folder / "bundle.signed").write_bytes(KEY.signed(text, node=NODE, instance_id="server-1", serial=serial))


def digests(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    return {name: listed(SharedFile(content, name in KEPT)) for name, content in files.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the control node exports to this node."""
    exported = tmp_path / "export" / NODE
    exported.mkdir(parents=True)
    put(exported)
    return exported


@pytest.fixture
def settings(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComputeInitSettings]:
    monkeypatch.setattr("socket.gethostname", lambda: f"{NODE}.demo.internal")
    program(tmp_path / "nfs-cat", f"""
        import pathlib, shutil, sys
        away = pathlib.Path({str(tmp_path)!r}, "away")
        if away.exists() and away.read_text():
            left = int(away.read_text()) - 1
            away.write_text(str(left) if left else "")
            sys.exit("Failed to mount nfs share : nfs_service failed")
        with open({str(tmp_path / "read")!r}, "a") as log:
            print(sys.argv[1].partition("?")[0].rpartition("/")[2], file=log)
        path = pathlib.Path(sys.argv[1].removeprefix("nfs://127.0.0.1").partition("?")[0])
        if not path.exists():
            sys.exit(f"mount_cb: NFS4: (path {{path}}) failed with NFS4ERR_NOENT(-2)")
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        """)  # fmt: skip
    program(tmp_path / "ansible-playbook", f"""
        import json, os, pathlib, sys
        values = json.load(open(sys.argv[sys.argv.index("--extra-vars") + 1][1:]))
        work = pathlib.Path(values["compute_init_folder"])
        skip = sys.argv[sys.argv.index("--skip-tags") + 1] if "--skip-tags" in sys.argv else ""
        seen = {{"values": values, "mode": oct(work.stat().st_mode & 0o777), "files": sorted(os.listdir(work))}}
        seen["skip"] = skip
        with open({str(tmp_path / "calls")!r}, "a") as file:
            print(json.dumps(seen), file=file)
        if values.get("break"):
            sys.exit(2)
        if any(argument.endswith("/compute-init.yml") for argument in sys.argv):
            os.remove(values["compute_init_owed"])
        sys.exit(2 if values.get("unhealthy") else 0)
        """)  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    before = signal.getsignal(signal.SIGTERM)
    umask = os.umask(0o022)
    yield ComputeInitSettings(
        source=Known(answer=SERVER),
        playbook=tmp_path / "compute-init.yml",
        rejoin=tmp_path / "compute-rejoin.yml",
        declared=tmp_path / "content" / "node_roles.json",
        installed=(tmp_path / "content",),
        applied=tmp_path / "run" / "applied.json",
        owed=tmp_path / "run" / "owed",
        roles=tmp_path / "content" / "roles",
        units=tmp_path / "units",
        list_units=("cat", str(tmp_path / "active")),
        result=tmp_path / "var" / "compute-init.json",
        work=tmp_path / "run" / "work",
        followed=tmp_path / "run" / "followed",
        lock=tmp_path / "run" / "lock",
        kept=tmp_path / "var" / "kept",
        share=lambda server, node, _folder: Share(
            server, node, str(folder.parent), str(tmp_path / "nfs-cat"), port=nobody
        ),
        share_timeout=0.2,
        first_pause=0.01,
        longest_pause=0.05,
        program=str(tmp_path / "ansible-playbook"),
    )
    signal.signal(signal.SIGTERM, before)
    os.umask(umask)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    path.chmod(0o755)


def go(settings: ComputeInitSettings) -> tuple[int, ComputeInitRecord, list[str]]:
    lines: list[str] = []
    status = main(settings, lines.append)
    record = read_record(settings.result)
    assert record is not None
    return status, record, lines


def fetched(tmp_path: Path) -> list[str]:
    """Names of the files that were asked for since the last call of this."""
    path = tmp_path / "read"
    names = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return names


def calls(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
