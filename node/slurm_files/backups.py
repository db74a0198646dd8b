"""Copies of Slurm's state and of its accounting database, on the state volume, for the way back.

``slurm-backups/NAME/`` has ``backup.json`` (what it is), ``slurmctld.tar`` (the controller's state folder) and
``database.sql.gz`` where there is accounting. NAME begins with the version of Slurm. A folder with that name is whole:
it is renamed to it at the end.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .accounting_database import AccountingDatabase
from .whole_file import sync_file, sync_folder

_ABOUT, _STATE, _DATABASE = "backup.json", "slurmctld.tar", "database.sql.gz"
_PART = ".part"
_STAMP = "%Y%m%dT%H%M%SZ"
#: Backups that are kept whatever their age.
KEPT = 2


class BackupError(RuntimeError):
    """Raised when there is no room for a backup, or no such backup; has what to do."""


@dataclass(frozen=True)
class SlurmBackup:
    """A whole backup.

    Attributes:
        name: of its folder.
        versions: of Slurm, by daemon.
        made: when: UTC, ISO 8601.
        database: whether it has the accounting database.
        size: bytes of its files.
    """

    name: str
    versions: Mapping[str, str]
    made: str
    database: bool
    size: int

    @property
    def version(self) -> str:
        """Slurm's version; empty if it is not recorded."""
        return max(self.versions.values(), default="")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SlurmBackup:
        """A backup from its JSON.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it has another form.
        """
        return cls(
            name=str(document["name"]),
            versions={str(daemon): str(version) for daemon, version in document["versions"].items()},
            made=str(document["made"]),
            database=bool(document["database"]),
            size=int(document["size"]),
        )


class Backups:
    """All backups of a state volume.

    Args:
        folder: of all backups.
        state: the controller's state folder.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self._folder = folder
        self._state = state

    def all(self) -> list[SlurmBackup]:
        """Those that are whole, the oldest first."""
        if not self._folder.is_dir():
            return []
        found = [self._read(path) for path in self._folder.iterdir() if (path / _ABOUT).is_file()]
        return sorted(found, key=lambda each: (each.made, each.name))

    def get(self, name: str) -> SlurmBackup:
        """One by its name.

        Raises:
            BackupError: there is none.
        """
        known = {each.name: each for each in self.all()}
        if name not in known:
            raise BackupError(f"there is no backup {name}; there are: {', '.join(known) or 'none'}")
        return known[name]

    def need(self, database: AccountingDatabase | None) -> int:
        """Bytes that a backup, and the conversion after it, take at most."""
        # The daemons write tables anew when they convert them.
        return _size(self._state) + 2 * (database.size() if database else 0)

    def make(self, versions: Mapping[str, str], database: AccountingDatabase | None, now: datetime) -> SlurmBackup:
        """Make a backup.

        Args:
            versions: of Slurm, by daemon.
            database: the accounting database, or None.
            now: the time, UTC.

        Raises:
            BackupError: there is no room.
            AccountingDatabaseError: the database cannot be read.
            OSError: a file cannot be written.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = self._folder / _PART
        if part.exists():
            shutil.rmtree(part)
        need, free = self.need(database), shutil.disk_usage(self._folder).free
        if need > free:
            raise BackupError(
                f"a backup of Slurm's state, and its conversion, need {_mib(need)} MiB on the state volume, and "
                f"{_mib(free)} MiB are free: increase state_volume_size, or remove backups from {self._folder}"
            )
        part.mkdir(mode=0o700)
        with tarfile.open(part / _STATE, "w") as archive:
            archive.add(self._state, arcname=".")
        if database:
            database.dump(part / _DATABASE)
        version = max(versions.values(), default="unknown")
        made = SlurmBackup(
            name=f"{version}-{stamp(now)}",
            versions=dict(versions),
            made=now.isoformat(timespec="seconds"),
            database=database is not None,
            size=_size(part),
        )
        (part / _ABOUT).write_text(json.dumps(asdict(made), sort_keys=True) + "\n", encoding="utf-8")
        for path in part.iterdir():
            sync_file(path)
        sync_folder(part)
        part.rename(self._folder / made.name)
        sync_folder(self._folder)
        return made

    def prune(self, days: int, now: datetime) -> list[str]:
        """Remove old backups but for the newest ones; return their names."""
        removed = []
        for each in self.all()[:-KEPT]:
            if datetime.fromisoformat(each.made) < now - timedelta(days=days):
                shutil.rmtree(self._folder / each.name)
                removed.append(each.name)
        return removed

    def extract_state(self, name: str, place: Path) -> None:
        """Put a backup's state folder in a new place, with its owners and modes."""
        aside = place.with_name(f".{place.name}.part")
        if aside.exists():
            shutil.rmtree(aside)
        with tarfile.open(self._folder / name / _STATE) as archive:
            # The archive is ours, in a folder that only root can enter, and owners belong to what is restored. Python
            # 3.14's own filter would leave them out; some versions have no filters.
            if hasattr(tarfile, "fully_trusted_filter"):
                archive.extractall(aside, filter="fully_trusted")  # noqa: S202
            else:
                archive.extractall(aside)  # noqa: S202
        aside.rename(place)
        sync_folder(place.parent)

    def load_database(self, name: str, database: AccountingDatabase) -> None:
        """Replace the accounting database by a backup's.

        Raises:
            AccountingDatabaseError: MariaDB refuses it.
        """
        database.load(self._folder / name / _DATABASE)

    @staticmethod
    def _read(path: Path) -> SlurmBackup:
        return SlurmBackup.of({**json.loads((path / _ABOUT).read_text(encoding="utf-8")), "name": path.name})


def utc_now() -> datetime:
    """The time, UTC."""
    return datetime.now(timezone.utc)


def stamp(now: datetime) -> str:
    """A time, UTC, as names of folders have it."""
    return now.strftime(_STAMP)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def _mib(size: int) -> int:
    return -(-size // 2**20)
