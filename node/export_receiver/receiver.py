"""Installs the files of an archive.

Each file is installed atomically by a rename, so that a reading node sees the old or the new one. Files of removed
nodes are deleted after the NFS server has stopped exporting them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from node.export_receiver.acknowledgement import MOST
from node.export_receiver.archive import check_order
from node.export_receiver.folders import check_way, content, own_folder
from node.export_receiver.reload import Reload
from node.export_receiver.whole_file import remove_unfinished, write_whole

#: Files of the archive that the NFS server reads.
_EXPORTS = "nfs/"
#: The last files of a node's folder, in this order: each has digests of the files before it.
_LAST = ("bundle.json", "bundle.signed")
#: The file that nodes look at to notice a change: the digest of the last one of `_LAST`.
FOLLOWED = "follow"
#: The file that a node writes, and its size: it is always as large, so that a node needs no right to change that.
SAID, SAID_SIZE = "said", MOST
#: Differs in each archive because it has the time: not reported as a change.
_UNCOUNTED = frozenset({"bundle.signed", "manifest.json"})


class Receiver:
    """Installs the files of an archive.

    Args:
        folder: its subfolders ``nodes/<node>`` are exported.
        places: targets of files for other programs, by their path in the archive.
        reload: the command that makes the NFS server reload its exports, if any.
        said: the folder whose subfolders have the files that nodes write, if any.
        writer: user and group of these files.
    """

    def __init__(
        self,
        folder: Path,
        places: Mapping[str, Path],
        reload: Sequence[str] = (),
        said: Path | None = None,
        writer: int = 0,
    ) -> None:
        self._folder = folder
        self._places = places
        self._said = said
        self._writer = writer
        self._server = bool(reload)
        self._reload = Reload(folder / ".reload-owed", reload)
        self.changed = 0

    def receive(self, files: Mapping[str, bytes]) -> dict[str, int]:
        """Install everything; return counts of nodes, changed files, removed nodes and reloads.

        Raises:
            ReceiveError: the archive is rejected, or a folder is not owned by root.
            ReloadError: the NFS server did not reload its exports.
        """
        self._folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        for place in (self._folder, *self._places.values(), *([self._said] if self._said else [])):
            check_way(place)
        own_folder(self._folder, 0o711)
        with self._alone():
            check_order(files, content(self._folder / "manifest.json"))
            for name in ("nodes", "shared"):
                own_folder(self._folder / name, 0o711)
            for folder in (self._folder, self._folder / "shared"):
                remove_unfinished(folder)
            nodes = {path.split("/")[1] for path in files if path.startswith("nodes/")}
            self._write(self._folder / "manifest.json", files["manifest.json"], 0o600)
            self._write_nodes(nodes, files)
            removed = self._obsolete(nodes)
            self._write_said(nodes)
            self._write_places(files, owed=bool(removed))
            reloads = int(self._server and self._reload.owed)
            if reloads:
                self._reload.run()
            for folder in removed:
                shutil.rmtree(folder)
            os.sync()
            if reloads:
                self._reload.done()
        gone = {path.name for path in removed}
        return {"nodes": len(nodes), "changed": self.changed, "removed": len(gone), "reloads": reloads}

    def _write_nodes(self, nodes: set[str], files: Mapping[str, bytes]) -> None:
        shared = {path.split("/")[1]: text for path, text in files.items() if path.startswith("shared/")}
        for name, text in shared.items():
            self._write(self._folder / "shared" / name, text, 0o600)
        own: dict[str, dict[str, bytes]] = {node: {} for node in sorted(nodes)}
        for path, text in files.items():
            if path.startswith("nodes/"):
                _, node, name = path.split("/")
                own[node][name] = text
        for node, texts in own.items():
            self._node(self._folder / "nodes" / node, texts, shared)

    def _node(self, folder: Path, own: Mapping[str, bytes], shared: Mapping[str, bytes]) -> None:
        own_folder(folder, 0o700)
        for name in shared:
            self._link(folder / name, self._folder / "shared" / name)
        for name in sorted(own, key=lambda name: (name in _LAST, name)):
            self._write(folder / name, own[name], 0o600)
        for extra in folder.iterdir():
            if extra.name not in own and extra.name not in shared and extra.name != FOLLOWED:
                extra.unlink()
        self._follow(folder / FOLLOWED, hashlib.sha256(own[_LAST[-1]]).hexdigest() + "\n")

    def _follow(self, path: Path, text: str) -> None:
        """Write the digest into the file that is there, because nfs-ganesha serves a replaced one for a minute."""
        if _is(path, text.encode(), 0o600):
            return
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        except OSError:
            write_whole(path, text)
            return
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.truncate()

    def _write_said(self, nodes: set[str]) -> None:
        """Create the files that nodes write: each in a folder in which the node can create nothing.

        They share a small file system, and a node may write more into its own than is meant: that is cut off before
        anything is created. A node that goes on in this moment keeps others from acknowledging, and nothing else.
        """
        if self._said is None:
            return
        self._said.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        own_folder(self._said, 0o711)
        for path in sorted(self._said.glob(f"*/{SAID}")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size != SAID_SIZE:
                # In place: nfs-ganesha would write to a replaced file for a minute.
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW), "wb") as file:
                    file.truncate(SAID_SIZE)
        for node in sorted(nodes):
            self._create_said(node, self._said / node)

    def _create_said(self, node: str, folder: Path) -> None:
        try:
            own_folder(folder, 0o711)
            path = folder / SAID
            if not path.is_file() or path.is_symlink():
                write_whole(path, " " * SAID_SIZE, mode=0o600, owner=(self._writer, self._writer))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            print(f"{node} cannot acknowledge: a node fills {folder.parent}: {error}", file=sys.stderr)

    def _write_places(self, files: Mapping[str, bytes], *, owed: bool) -> None:
        """Write the files for other programs. If the NFS server must reload, record that on the disk first."""
        there = {path: place for path, place in self._places.items() if path in files}
        if owed or any(
            path.startswith(_EXPORTS) and not _is(place, files[path], 0o644) for path, place in there.items()
        ):
            self._reload.owe()
        for path, place in there.items():
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._write(place, files[path], 0o644)

    def _write(self, path: Path, text: bytes, mode: int) -> None:
        if _is(path, text, mode):
            return
        write_whole(path, text, mode=mode)
        self.changed += path.name not in _UNCOUNTED

    def _link(self, path: Path, target: Path) -> None:
        """Share a file between nodes with a hard link, so that no node's export leads out of its folder."""
        with contextlib.suppress(FileNotFoundError):
            if path.samefile(target):
                return
        aside = path.with_name(f".{path.name}.part")
        aside.unlink(missing_ok=True)
        os.link(target, aside)
        aside.replace(path)
        self.changed += 1

    def _obsolete(self, nodes: set[str]) -> list[Path]:
        folders = [self._folder / "nodes", *([self._said] if self._said and self._said.is_dir() else [])]
        return [path for folder in folders for path in sorted(folder.iterdir()) if path.name not in nodes]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock: one run at a time."""
        handle = os.open(self._folder / ".lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _is(path: Path, text: bytes, mode: int) -> bool:
    """Whether a file already has this content and mode. A file of another size is not read, however large it is."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return False
    return about.st_size == len(text) and about.st_mode & 0o777 == mode and content(path) == text
