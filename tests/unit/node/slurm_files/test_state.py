"""A backup before Slurm's state is converted, and the way back; a kill at any moment costs nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest

from node.slurm_files import state as module
from node.slurm_files.accounting_database import AccountingDatabase, AccountingDatabaseError
from node.slurm_files.backups import KEPT, BackupError
from node.slurm_files.record import Record
from node.slurm_files.state import SlurmState, StatePlaces
from node.slurm_files.upgrade import UpgradeAction

NOW = datetime(2026, 11, 29, 15, 41, tzinfo=timezone.utc)
OLD, NEW = "slurm 24.11.5", "slurm 26.05.5"
NAME = "24.11.5-20261129T154100Z"


class Killed(BaseException):
    """The machine lost power."""


@dataclass
class Tables:
    """A database whose content is a text."""

    content: str = "jobs of 24.11"
    bytes: int = 100
    broken: bool = False

    def exists(self) -> bool:
        return True

    def size(self) -> int:
        return self.bytes

    def dump(self, path: Path) -> None:
        if self.broken:
            raise AccountingDatabaseError("mariadb-dump failed")
        path.write_text(self.content)

    def load(self, path: Path) -> None:
        self.content = path.read_text()


@dataclass
class Node:
    """A control node with a state volume."""

    places: StatePlaces
    tables: Tables
    stopped: list[str]

    @property
    def state(self) -> SlurmState:
        return SlurmState(self.places, Record(self.places.volume / "slurm-versions.json"))

    @property
    def database(self) -> AccountingDatabase:
        return cast("AccountingDatabase", self.tables)

    def back_up(self, version: str = NEW, now: datetime = NOW) -> dict[str, Any]:
        return self.state.back_up(version, self.database, 30, now)

    def run(self, version: str) -> None:
        """Slurm's daemons convert the state and run."""
        number = version.split()[1]
        (self.places.state / "job_state").write_text(f"jobs of {number[:5]}")
        self.tables.content = f"jobs of {number[:5]}"
        for daemon in ("slurmdbd", "slurmctld"):
            self.state.runs(daemon, version)

    def upgrade(self, version: str = NEW, now: datetime = NOW) -> dict[str, Any]:
        done = self.back_up(version, now)
        self.run(version)
        return done

    def restore(self, version: str = OLD) -> None:
        """What site.yml does."""
        self.state.restore_state(version)
        if not self.places.mysql.exists():
            self.places.mysql.mkdir()
            self.tables.content = ""
        self.state.restore_database(self.database)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """One that ran Slurm 24.11."""
    made = Node(StatePlaces(tmp_path, tmp_path / "mysql"), Tables(), [])
    monkeypatch.setattr(module, "_stop", lambda *units: made.stopped.extend(units))
    made.places.state.mkdir()
    made.places.mysql.mkdir()
    (made.places.mysql / "ibdata1").write_text("pages")
    made.run(OLD)
    return made


def test_nothing_is_backed_up_while_the_release_is_the_same(node: Node) -> None:
    assert not node.back_up("slurm 24.11.9")["changed"]
    assert node.state.backups.all() == []
    assert node.stopped == []


def test_a_newer_release_is_preceded_by_a_backup(node: Node) -> None:
    said = node.upgrade()

    assert (said["changed"], said["backup"]) == (True, NAME)
    assert node.stopped == ["slurmctld", "slurmdbd"]
    (backup,) = node.state.backups.all()
    assert (backup.versions, backup.database) == ({"slurmctld": "24.11.5", "slurmdbd": "24.11.5"}, True)
    assert node.state.pending() is None
    assert not node.back_up()["changed"]


def test_an_upgrade_that_was_interrupted_keeps_its_backup(node: Node) -> None:
    node.back_up()
    (node.places.state / "job_state").write_text("half converted")
    node.state.runs("slurmdbd", NEW)

    assert not node.back_up(now=NOW + timedelta(hours=1))["changed"]
    assert [each.name for each in node.state.backups.all()] == [NAME]
    assert node.state.decision(OLD).action is UpgradeAction.REFUSE
    node.run(NEW)
    assert node.state.pending() is None


def test_a_backup_that_was_killed_is_made_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: object, path: Path) -> None:
        path.write_text("half a du")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Tables, "dump", killed)
        with pytest.raises(Killed):
            node.back_up()
    assert node.state.backups.all() == []
    assert node.back_up()["backup"] == NAME


def test_a_database_that_cannot_be_read_stops_the_upgrade(node: Node) -> None:
    node.tables.broken = True

    with pytest.raises(AccountingDatabaseError):
        node.back_up()
    assert node.state.backups.all() == []
    assert node.state.pending() is None


def test_a_volume_that_is_too_small_is_said_before_anything_is_written(node: Node) -> None:
    node.tables.bytes = 2**60

    with pytest.raises(BackupError, match="state_volume_size"):
        node.back_up()
    assert node.state.backups.all() == []


def test_old_backups_go_but_for_the_newest(node: Node) -> None:
    for number in range(5):
        node.upgrade(f"slurm {26 + number}.05.1", NOW + timedelta(days=20 * number))

    left = [each.made for each in node.state.backups.all()]
    assert len(left) == KEPT
    assert left == sorted(left)


def test_a_restore_brings_everything_back(node: Node) -> None:
    node.upgrade()
    node.state.request_restore(NAME, NOW)
    assert node.state.decision(NEW).action is UpgradeAction.REFUSE
    assert node.state.decision(OLD).action is UpgradeAction.NOTHING

    node.restore()

    assert (node.places.state / "job_state").read_text() == "jobs of 24.11"
    assert node.tables.content == "jobs of 24.11"
    assert Record(node.places.volume / "slurm-versions.json").versions["slurmdbd"] == "24.11.5"
    assert not node.back_up(OLD)["changed"]
    assert node.state.requested == ""
    (replaced,) = node.places.volume.glob("slurm-replaced-*")
    assert (replaced / "mysql/ibdata1").read_text() == "pages"
    assert (replaced / "slurmctld/job_state").read_text() == "jobs of 26.05"


def test_a_restore_waits_for_the_backup_s_release(node: Node) -> None:
    node.upgrade()
    node.state.request_restore(NAME, NOW)

    with pytest.raises(BackupError, match=NAME):
        node.state.restore_state(NEW)
    assert (node.places.state / "job_state").read_text() == "jobs of 26.05"
    assert node.state.cancel_restore()
    assert not node.state.cancel_restore()
    assert node.state.decision(NEW).action is UpgradeAction.NOTHING


def test_a_backup_that_does_not_exist_stops_nothing(node: Node) -> None:
    with pytest.raises(BackupError, match=r"23\.02"):
        node.state.request_restore("23.02", NOW)
    assert node.stopped == []


def _steps(monkeypatch: pytest.MonkeyPatch, counted: Callable[[], None]) -> None:
    """Have every change of the file system counted before it is made."""
    for owner, name in (
        (Path, "rename"),
        (Path, "replace"),
        (Path, "mkdir"),
        (shutil, "rmtree"),
        (Tables, "load"),
        (module, "write_whole"),
    ):
        true = getattr(owner, name)

        def stepped(*arguments: Any, true: Callable[..., Any] = true, **options: Any) -> Any:
            counted()
            return true(*arguments, **options)

        monkeypatch.setattr(owner, name, stepped)


@pytest.mark.parametrize("at", range(14))
def test_a_restore_that_is_killed_is_completed_by_the_next(
    node: Node, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    node.upgrade()
    node.state.request_restore(NAME, NOW)
    left = at

    def counted() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    with monkeypatch.context() as patch:
        _steps(patch, counted)
        try:
            node.restore()
        except Killed:
            pass
        else:
            assert at > 8, "fewer steps than thought: kill at all of them"
    node.restore()

    assert (node.places.state / "job_state").read_text() == "jobs of 24.11"
    assert node.tables.content == "jobs of 24.11"
    assert json.loads(node.places.progress.read_text()) == {}
    (replaced,) = node.places.volume.glob("slurm-replaced-*")
    assert (replaced / "slurmctld/job_state").read_text() == "jobs of 26.05"
