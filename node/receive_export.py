#!/usr/bin/python3 -I
"""Takes the archive of host variables on the control node: ``slurm-appliance-receive-export < archive``, as root.

Each file is put in place whole, by a rename, so that a node that is just reading sees the old or the new one. What
belongs to nodes that are no more is removed after the NFS server has stopped exporting it. Ends with one line of JSON.
Standard library only, Python 3.9.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

#: The form of the archive that this program takes.
SCHEMA = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: Bytes of the unpacked archive at most: 1000 nodes have 10 MB.
_LARGEST = 512 * 1024 * 1024


class ReceiveError(RuntimeError):
    """Raised for an archive that is not taken; nothing was changed."""


def unpack(stream: bytes) -> dict[str, bytes]:
    """The archive's files by path.

    Raises:
        ReceiveError: not an archive, of another schema, or with a path that it must not have.
    """
    files: dict[str, bytes] = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(stream), mode="r:gz") as tar:
            for member in tar:
                parts = member.name.split("/")
                size += member.size
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or len(parts) > 3 or not all(map(_NAME.fullmatch, parts)) or size > _LARGEST:
                    raise ReceiveError(f"the archive must not have {member.name!r}")
                files[member.name] = content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ReceiveError(f"not an archive: {error}") from error
    schema = manifest(files).get("schema")
    if schema != SCHEMA:
        raise ReceiveError(f"the archive has schema {schema!r}, this control node takes {SCHEMA}: rebuild it first")
    return files


def manifest(files: Mapping[str, bytes]) -> dict[str, object]:
    """The archive's own list of contents."""
    try:
        document = json.loads(files["manifest.json"])
    except (KeyError, ValueError) as error:
        raise ReceiveError(f"the archive has no manifest: {error}") from error
    return document if isinstance(document, dict) else {}


class Receiver:
    """Puts the files of an archive in place.

    Args:
        folder: below it ``nodes/<node>`` are exported.
        places: where files that others read go, by their path in the archive.
        reload: the command that makes the NFS server read its exports, if there is one.
    """

    def __init__(self, folder: Path, places: Mapping[str, Path], reload: Sequence[str] = ()) -> None:
        self._folder = folder
        self._places = places
        self._reload = reload
        self.changed = 0

    def receive(self, files: Mapping[str, bytes]) -> dict[str, int]:
        """Put everything in place; returns counts of nodes, changed files and removed nodes."""
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        with self._alone():
            for name in ("nodes", "shared"):
                (self._folder / name).mkdir(mode=0o711, exist_ok=True)
            nodes = {path.split("/")[1] for path in files if path.startswith("nodes/")}
            shared = {path.split("/")[1]: content for path, content in files.items() if path.startswith("shared/")}
            for name, content in shared.items():
                self._write(self._folder / "shared" / name, content, 0o600)
            for node in sorted(nodes):
                self._node(node, files, shared)
            exports_before = self.changed
            for path, place in self._places.items():
                if path in files:
                    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                    self._write(place, files[path], 0o644)
            removed = self._obsolete(nodes)
            if self._reload and (self.changed > exports_before or removed):
                subprocess.run(self._reload, check=True, stdout=subprocess.DEVNULL)
            for folder in removed:
                shutil.rmtree(folder)
            os.sync()
        return {"nodes": len(nodes), "changed": self.changed, "removed": len(removed)}

    def _node(self, node: str, files: Mapping[str, bytes], shared: Mapping[str, bytes]) -> None:
        folder = self._folder / "nodes" / node
        folder.mkdir(mode=0o700, exist_ok=True)
        own = {path.split("/")[2]: content for path, content in files.items() if path.startswith(f"nodes/{node}/")}
        for name in shared:
            self._link(folder / name, self._folder / "shared" / name)
        # bundle.json last: it has the digests of the others, and a reader that sees it sees them.
        for name in sorted(own, key=lambda name: name == "bundle.json"):
            self._write(folder / name, own[name], 0o600)
        for extra in folder.iterdir():
            if extra.name not in own and extra.name not in shared:
                extra.unlink()

    def _write(self, path: Path, content: bytes, mode: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == content and path.stat().st_mode & 0o777 == mode:
                return
        aside = path.with_name(f".{path.name}.part")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
        aside.replace(path)
        self.changed += 1

    def _link(self, path: Path, target: Path) -> None:
        """One content for all nodes: a hard link, so that no node's export leads out of its folder."""
        with contextlib.suppress(FileNotFoundError):
            if path.samefile(target):
                return
        aside = path.with_name(f".{path.name}.part")
        aside.unlink() if aside.exists() else None
        os.link(target, aside)
        aside.replace(path)
        self.changed += 1

    def _obsolete(self, nodes: set[str]) -> list[Path]:
        return [path for path in sorted((self._folder / "nodes").iterdir()) if path.name not in nodes]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time."""
        with (self._folder / ".lock").open("w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Take an archive from standard input."""
    parser = argparse.ArgumentParser(description="Take an archive of host variables from standard input.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--targets", type=Path, default=Path("/etc/slurm-appliance/reboot-targets.json"))
    parser.add_argument("--exports", type=Path, default=Path("/etc/exports.d/slurm-appliance-nodes.exports"))
    parser.add_argument("--ganesha", type=Path, default=Path("/etc/ganesha/slurm-appliance-nodes.conf"))
    parser.add_argument("--reload", default="", help="command that makes the NFS server read its exports")
    options = parser.parse_args(arguments)
    places = {
        "reboot-targets.json": options.targets,
        "nfs/kernel.exports": options.exports,
        "nfs/ganesha.conf": options.ganesha,
    }
    try:
        files = unpack(sys.stdin.buffer.read())
        result = Receiver(options.folder, places, shlex.split(options.reload)).receive(files)
    except (ReceiveError, OSError, subprocess.CalledProcessError) as error:
        print(f"slurm-appliance-receive-export: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
