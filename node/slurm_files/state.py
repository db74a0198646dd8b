"""Backs Slurm's state up before a newer release converts it, and restores a backup.

What has begun is in ``slurm-upgrade.json`` beside the record of versions::

    {"upgrade": {"version": "26.05.5", "backup": "24.11.5-20261129T154100Z"}}
    {"restore": {"backup": "24.11.5-20261129T154100Z", "requested": "20261201T080000Z"}}

A restore is requested on the running node, and done by the next site.yml with an image of the backup's release: before
MariaDB starts (`restore_state`), and after that (`restore_database`). The state that it replaces stays in
``slurm-replaced-REQUESTED`` until the next backup. Each step can be repeated after a kill at any moment.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .accounting_database import AccountingDatabase
from .backups import BackupError, Backups, SlurmBackup, stamp
from .record import Record
from .release import release, upstream
from .upgrade import PendingUpgrade, UpgradeAction, UpgradeDecision, decide
from .whole_file import write_whole

_REPLACED = "slurm-replaced-"
#: Units that use what a restore replaces, in the order in which they stop.
_UNITS = ("slurmctld", "slurmdbd", "mariadb")


@dataclass(frozen=True)
class StatePlaces:
    """Where things are on the state volume.

    Attributes:
        volume: its mount point.
        mysql: MariaDB's data folder.
    """

    volume: Path
    mysql: Path

    @property
    def state(self) -> Path:
        """The controller's state folder."""
        return self.volume / "slurmctld"

    @property
    def backups(self) -> Path:
        """Folder of all backups."""
        return self.volume / "slurm-backups"

    @property
    def progress(self) -> Path:
        """File that says what has begun."""
        return self.volume / "slurm-upgrade.json"


class SlurmState:
    """The state on the state volume.

    Args:
        places: where it is.
        record: versions of Slurm that it is of.
    """

    def __init__(self, places: StatePlaces, record: Record) -> None:
        self._places = places
        self._record = record
        self.backups = Backups(places.backups, places.state)

    def decision(self, installed: str) -> UpgradeDecision:
        """What the installed version of Slurm needs."""
        if self.requested:
            if release(self.requested) in ("", release(installed)):
                return UpgradeDecision(UpgradeAction.NOTHING, f"the backup {self.requested} is being restored")
            return UpgradeDecision(
                UpgradeAction.REFUSE,
                f"the backup {self.requested} is to be restored, but this image has Slurm {upstream(installed)}",
                f"use an image with Slurm {release(self.requested)}, or cancel the restore: slurm restore --cancel",
            )
        has_state = self._places.state.is_dir() and any(self._places.state.iterdir())
        return decide(self._record.versions, has_state, installed, self.pending())

    @property
    def requested(self) -> str:
        """Name of the backup that is to be restored; empty if none is."""
        return self._restore().get("backup", "")

    def pending(self) -> PendingUpgrade | None:
        """The upgrade that has begun and not ended."""
        found = self._progress().get("upgrade")
        return PendingUpgrade(**found) if found else None

    def back_up(self, installed: str, database: AccountingDatabase | None, days: int, now: datetime) -> dict[str, Any]:
        """Make a backup if the installed version of Slurm converts the state; say what was done.

        Slurm's daemons are stopped first. They start again with the new version.

        Raises:
            BackupError: Slurm does not take over the state, or there is no room.
            AccountingDatabaseError: the database cannot be read.
        """
        decision = self.decision(installed)
        if decision.action is UpgradeAction.REFUSE:
            raise BackupError(str(decision))
        if decision.action is UpgradeAction.NOTHING:
            return {"changed": False, "reason": decision.reason}
        _stop("slurmctld", "slurmdbd")
        for path in self._places.volume.glob(f"{_REPLACED}*"):
            shutil.rmtree(path)
        there = database if database and database.exists() else None
        made = self.backups.make(self._record.versions, there, now)
        self._note({"upgrade": {"version": upstream(installed), "backup": made.name}})
        removed = self.backups.prune(days, now)
        return {"changed": True, "reason": decision.reason, "backup": made.name, "size": made.size, "removed": removed}

    def runs(self, daemon: str, version: str) -> None:
        """A daemon runs with a version. The upgrade has ended when all daemons of the record run with its release."""
        self._record.note(daemon, version)
        pending = self.pending()
        if pending and all(release(each) == release(pending.version) for each in self._record.versions.values()):
            self._note({})

    def request_restore(self, name: str, now: datetime) -> SlurmBackup:
        """Stop Slurm's daemons, and have the next site.yml restore a backup.

        Raises:
            BackupError: there is no such backup.
        """
        found = self.backups.get(name)
        if self.requested != name:
            self._note({"restore": {"backup": name, "requested": stamp(now)}})
        _stop("slurmctld", "slurmdbd")
        return found

    def cancel_restore(self) -> bool:
        """Forget a requested restore; return whether there was one.

        Raises:
            BackupError: it has begun.
        """
        wanted = self._restore()
        if wanted and self._aside(wanted).is_dir():
            raise BackupError("the restore has begun and must be completed: run up with the backup's image")
        if wanted:
            self._note({})
        return bool(wanted)

    def restore_state(self, installed: str) -> dict[str, Any]:
        """The first part of a restore, before MariaDB starts: replace the controller's state; say what was done.

        Raises:
            BackupError: the installed release is not the backup's.
        """
        wanted = self._restore()
        if not wanted:
            return {"changed": False}
        decision = self.decision(installed)
        if decision.action is UpgradeAction.REFUSE:
            raise BackupError(str(decision))
        backup = self.backups.get(wanted["backup"])
        aside = self._aside(wanted)
        aside.mkdir(mode=0o700, exist_ok=True)
        moved = [self._places.state, *([self._places.mysql] if backup.database else [])]
        if any(not (aside / path.name).exists() for path in moved):
            _stop(*_UNITS)
        for path in moved:
            if path.exists() and not (aside / path.name).exists():
                path.rename(aside / path.name)
        if self._places.state.exists():
            shutil.rmtree(self._places.state)  # Of a restore that was killed: the former state is in the other folder.
        self.backups.extract_state(backup.name, self._places.state)
        self._record.write(backup.versions)
        return {"changed": True, "backup": backup.name, "replaced": str(aside)}

    def restore_database(self, database: AccountingDatabase | None) -> dict[str, Any]:
        """The last part of a restore, when MariaDB runs: replace the accounting database; say what was done.

        Raises:
            AccountingDatabaseError: MariaDB does not load it.
        """
        wanted = self._restore()
        if not wanted:
            return {"changed": False}
        backup = self.backups.get(wanted["backup"])
        if backup.database and database:
            self.backups.load_database(backup.name, database)
        self._note({})
        return {"changed": True, "backup": backup.name}

    def _aside(self, wanted: Mapping[str, str]) -> Path:
        return self._places.volume / f"{_REPLACED}{wanted['requested']}"

    def _restore(self) -> dict[str, str]:
        found: dict[str, str] = self._progress().get("restore") or {}
        return found

    def _progress(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._places.progress.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def _note(self, document: Mapping[str, Any]) -> None:
        text = json.dumps(document, sort_keys=True) + "\n"
        write_whole(self._places.progress, text, mode=0o644, durable=True)


def _stop(*units: str) -> None:
    subprocess.run(["systemctl", "stop", *(f"{unit}.service" for unit in units)], check=True)
