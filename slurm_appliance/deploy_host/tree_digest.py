"""A digest of the files in a folder: depends on their names and contents, not on their times."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

#: Caches, which are not part of the folder.
_SKIPPED = frozenset({"__pycache__", ".ansible", ".cache"})


def tree_digest(folder: Path) -> str:
    """The digest of all files below a folder, including those behind symbolic links."""
    digest = hashlib.sha256()
    for path in sorted(_files(folder)):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(parent) / name for name in names)
