"""Commands of ``slurm-appliance-slurm-files`` for the state on the state volume: see `state`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .accounting_database import AccountingDatabase, AccountingDatabaseError
from .backups import BackupError, utc_now
from .daemons import Daemons
from .record import Record
from .state import SlurmState, StatePlaces

#: The file on the state volume that has the versions of Slurm that the state is of.
RECORD = "slurm-versions.json"
#: What site.yml applied (node/site_record.py): without it, the next run does everything.
SITE_RECORD = Path("/run/slurm-appliance/site.json")


def state_of(volume: Path, mysql: Path | None = None) -> SlurmState:
    """The state on a state volume.

    Args:
        volume: its mount point.
        mysql: MariaDB's data folder, if it is not the usual one.
    """
    return SlurmState(StatePlaces(volume, mysql or volume / "mysql"), Record(volume / RECORD))


def _prepare(state: SlurmState, options: argparse.Namespace) -> Mapping[str, Any]:
    database = AccountingDatabase(options.database) if options.database else None
    if state.requested:
        return state.restore_database(database)
    return state.back_up(Daemons().version_text(), database, options.days, utc_now())


def _restore_state(state: SlurmState, _options: argparse.Namespace) -> Mapping[str, Any]:
    return state.restore_state(Daemons().version_text())


def _list(state: SlurmState, _options: argparse.Namespace) -> Mapping[str, Any]:
    return {"backups": [asdict(each) for each in state.backups.all()], "restore": state.requested}


def _request(state: SlurmState, options: argparse.Namespace) -> Mapping[str, Any]:
    SITE_RECORD.unlink(missing_ok=True)
    return asdict(state.request_restore(options.name, utc_now()))


def _cancel(state: SlurmState, _options: argparse.Namespace) -> Mapping[str, Any]:
    return {"changed": state.cancel_restore()}


_COMMANDS: Mapping[str, tuple[Callable[[SlurmState, argparse.Namespace], Mapping[str, Any]], str]] = {
    "restore-state": (
        _restore_state,
        "restore the controller's state, if a restore was requested; before MariaDB starts",
    ),
    "prepare": (_prepare, "complete a requested restore, or back up the state if the installed Slurm would convert it"),
    "backups": (_list, "list all backups"),
    "request-restore": (_request, "stop Slurm's daemons, and have the next site.yml restore a backup"),
    "cancel-restore": (_cancel, "forget a requested restore"),
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the commands."""
    for name, (_, what) in _COMMANDS.items():
        parser = commands.add_parser(name, help=what)
        if name == "restore-state":
            parser.add_argument("--mysql", type=Path, help="MariaDB's data folder")
        if name == "prepare":
            parser.add_argument("--database", default="", help="name of the accounting database, if there is one")
            parser.add_argument("--days", type=int, default=180, help="age from which backups are removed")
        if name == "request-restore":
            parser.add_argument("name", help="name of the backup")


def run(options: argparse.Namespace) -> tuple[Mapping[str, Any], int] | None:
    """Run a command; return what it says and its exit status, or None if it is not one of these."""
    if options.command not in _COMMANDS:
        return None
    state = state_of(options.volume, getattr(options, "mysql", None))
    try:
        return _COMMANDS[options.command][0](state, options), 0
    except (BackupError, AccountingDatabaseError, OSError) as error:
        return {"failed": str(error)}, 1
