"""Sets of Slurm's files, and which of them is in use: all files of a set are exchanged at once.

``/etc/slurm/slurm.conf`` and the other files are links into ``/etc/slurm/.in-use``, which is a link to the set in use.
One rename of that link exchanges all files::

    /etc/slurm/slurm.conf   -> .in-use/slurm.conf
    /etc/slurm/.in-use      -> .sets/3f9a0c51d2e47b68
    /etc/slurm/.next        -> .sets/...               accepted by Slurm's daemons, not in use yet
    /etc/slurm/.sets/NAME/  files of one set; the name is a digest of their content

A kill at any moment leaves the former or the new set in use, and another run continues from there. ``.proven.json`` has
the set that the daemons last ran with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path

from .conf import SECRET_FILES
from .whole_file import sync_folder, write_whole

#: Files written by an older version of this appliance: the set of a node without sets.
ADOPTED = ("slurm.conf", "cgroup.conf", "slurmdbd.conf")


class Sets:
    """The sets of one folder of Slurm's files.

    Args:
        folder: ``/etc/slurm``.
        user: owner of the files that only Slurm can read.
    """

    def __init__(self, folder: Path, user: str = "slurm") -> None:
        self._folder = folder
        self._user = user
        self._sets = folder / ".sets"
        self._in_use = folder / ".in-use"
        self._next = folder / ".next"
        self._proven = folder / ".proven.json"

    @property
    def in_use(self) -> str | None:
        """Name of the set in use, or None."""
        return _target(self._in_use)

    @property
    def next(self) -> str | None:
        """Name of the set that Slurm accepted last, or None."""
        return _target(self._next)

    def proven(self, daemon: str) -> str | None:
        """Name of the set that a daemon last ran with."""
        with contextlib.suppress(FileNotFoundError):
            name: str | None = json.loads(self._proven.read_text(encoding="utf-8")).get(daemon)
            return name if name and (self._sets / name).is_dir() else None
        return None

    def files(self, name: str | None) -> dict[str, bytes]:
        """The files of a set by name; empty without a set."""
        return {path.name: path.read_bytes() for path in sorted((self._sets / name).iterdir())} if name else {}

    def add(self, files: Mapping[str, bytes]) -> str:
        """Store files as a set; return its name."""
        name = digest(files)
        place = self._sets / name
        if place.is_dir():
            return name
        self._sets.mkdir(mode=0o755, parents=True, exist_ok=True)
        aside = self._sets / f".{name}.part"
        if aside.exists():
            shutil.rmtree(aside)
        aside.mkdir(mode=0o755)
        for file, content in files.items():
            self._write(aside / file, content)
        aside.rename(place)
        sync_folder(self._sets)
        return name

    def accept(self, name: str) -> None:
        """Mark a set as accepted by Slurm's daemons."""
        self._point(self._next, f".sets/{name}")

    def adopt(self) -> None:
        """Create a set from plain files of an older version of this appliance, or of an operator.

        Their content does not change at any step.
        """
        plain = {name: self._folder / name for name in ADOPTED}
        plain = {name: path for name, path in plain.items() if path.is_file() and not path.is_symlink()}
        if not plain:
            return
        if self.in_use is None:
            name = self.add({file: path.read_bytes() for file, path in plain.items()})
            self._point(self._in_use, f".sets/{name}")
            for daemon in ("slurmctld", "slurmdbd"):
                self.prove(daemon)
        for file in plain.keys() & self.files(self.in_use).keys():
            self._link(file)

    def exchange(self, name: str) -> None:
        """Put a set into use: from now on Slurm reads exactly its files."""
        self.adopt()
        new = set(self.files(name))
        for file in sorted(new):
            # Until the exchange, this link points to a file that the set in use does not have: Slurm finds none.
            self._link(file)
        self._point(self._in_use, f".sets/{name}")
        for path in self._folder.iterdir():
            if path.is_symlink() and os.readlink(path).startswith(".in-use/") and path.name not in new:
                path.unlink()
        sync_folder(self._folder)

    def prove(self, daemon: str) -> None:
        """Record that a daemon runs with the set in use, and remove unused sets."""
        known = {}
        with contextlib.suppress(FileNotFoundError):
            known = json.loads(self._proven.read_text(encoding="utf-8"))
        write_whole(self._proven, json.dumps({**known, daemon: self.in_use}), mode=0o644, durable=True)
        needed = {self.in_use, self.next, *(self.proven(each) for each in ("slurmctld", "slurmdbd"))}
        for path in self._sets.iterdir():
            if path.name not in needed:
                shutil.rmtree(path)

    def _link(self, file: str) -> None:
        place, target = self._folder / file, f".in-use/{file}"
        if not (place.is_symlink() and os.readlink(place) == target):
            self._point(place, target)

    def _point(self, place: Path, target: str) -> None:
        """Create or change a link with a rename."""
        aside = place.with_name(f".{place.name.lstrip('.')}.part")
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(target)
        aside.replace(place)
        sync_folder(self._folder)

    def _write(self, path: Path, content: bytes) -> None:
        secret = path.name in SECRET_FILES
        mode = 0o600 if secret else 0o755 if content.startswith(b"#!") else 0o644
        owner = pwd.getpwnam(self._user)[2:4] if secret else None
        write_whole(path, content, mode=mode, owner=owner, durable=True)


def digest(files: Mapping[str, bytes]) -> str:
    """A name for files, determined by their content."""
    lines = [f"{name}:{hashlib.sha256(content).hexdigest()}\n" for name, content in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _target(link: Path) -> str | None:
    """Name of the set that a link points to; None if the link or the set is missing."""
    return os.readlink(link).rpartition("/")[2] if link.is_symlink() and link.is_dir() else None
