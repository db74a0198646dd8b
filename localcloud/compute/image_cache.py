"""Unpacked images: each is unpacked once and is the lower layer of all servers that boot it."""

import shutil
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from localcloud.host import archive

#: One lock per unpacked image, shared by all threads of this process.
_locks: dict[Path, threading.Lock] = {}
_guard = threading.Lock()


class ImageCache:
    """The unpacked images of this host, for all threads of one process.

    Args:
        folder: `Places.images`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def root(self, image_id: str) -> Path:
        """The folder of an unpacked image, which may not exist yet."""
        return self._folder / image_id

    def clear_partial(self) -> None:
        """Remove partially unpacked images of a killed service; call before anything else."""
        for path in self._folder.glob("*.part*"):
            _remove(path)

    def get(self, image_id: str, download: Callable[[Path], object]) -> Path:
        """The folder of an unpacked image, unpacked now if it is missing; threads wait for each other.

        Args:
            image_id: Glance's ID; an image's bytes never change.
            download: writes the image's bytes to the given file.

        Raises:
            HostError: the bytes are not an archive.
        """
        root = self.root(image_id)
        with _guard:
            lock = _locks.setdefault(root, threading.Lock())
        with lock:
            if not root.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
                blob, unpacked = self._folder / f"{image_id}.part-blob", self._folder / f"{image_id}.part"
                try:
                    _remove(unpacked)
                    unpacked.mkdir()
                    download(blob)
                    archive.unpack(blob, unpacked)
                    unpacked.rename(root)
                finally:
                    _remove(blob)
                    _remove(unpacked)
            return root

    def purge(self, used: Collection[str], older_than: float) -> list[str]:
        """Remove the images that no server uses and that were unpacked some time ago; return their IDs.

        Args:
            used: ids to keep.
            older_than: seconds since they were unpacked.
        """
        images = [path for path in self._folder.iterdir() if path.is_dir() and ".part" not in path.name]
        doomed = unused({path.name: path.stat().st_ctime for path in images}, used, time.time() - older_than)
        for image_id in doomed:
            # Rename first: a server that starts now finds the whole image or none.
            partial = self._folder / f"{image_id}.part"
            _remove(partial)
            self.root(image_id).rename(partial)
            _remove(partial)
        return doomed


def unused(unpacked: dict[str, float], used: Collection[str], before: float) -> list[str]:
    """Images that can be removed: unused ones that were unpacked before a time (seconds since the epoch)."""
    return sorted(image_id for image_id, when in unpacked.items() if image_id not in used and when < before)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
