"""Installs the files of an archive.

Each file is installed atomically by a rename, so that a reading node sees the old or the new one. Files of removed
nodes are deleted after the NFS server has stopped exporting them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from node.export_receiver.archive import check_order
from node.export_receiver.folders import check_way, content, own_folder
from node.export_receiver.reload import Reload
from node.export_receiver.whole_file import remove_unfinished, write_whole

#: Files of the archive that the NFS server reads.
_EXPORTS = "nfs/"
#: The last files of a node's folder, in this order: each has digests of the files before it.
_LAST = ("bundle.json", "bundle.signed")
#: Differs in each archive because it has the time: not reported as a change.
_UNCOUNTED = frozenset({"bundle.signed", "manifest.json"})


class Receiver:
    """Installs the files of an archive.

    Args:
        folder: its subfolders ``nodes/<node>`` are exported.
        places: targets of files for other programs, by their path in the archive.
        reload: the command that makes the NFS server reload its exports, if any.
    """

    def __init__(self, folder: Path, places: Mapping[str, Path], reload: Sequence[str] = ()) -> None:
        self._folder = folder
        self._places = places
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
        for place in (self._folder, *self._places.values()):
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
            self._write_places(files, owed=bool(removed))
            reloads = int(self._server and self._reload.owed)
            if reloads:
                self._reload.run()
            for folder in removed:
                shutil.rmtree(folder)
            os.sync()
            if reloads:
                self._reload.done()
        return {"nodes": len(nodes), "changed": self.changed, "removed": len(removed), "reloads": reloads}

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
            if extra.name not in own and extra.name not in shared:
                extra.unlink()

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
        return [path for path in sorted((self._folder / "nodes").iterdir()) if path.name not in nodes]

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
