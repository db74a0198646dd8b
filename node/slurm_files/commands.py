"""``slurm-appliance-slurm-files``: test new files of Slurm, and run the daemons with them.

``judge`` takes the files as JSON on standard input and has Slurm's daemons try them; nothing in use changes.
``apply slurmdbd`` and ``apply slurmctld`` put the accepted files in use, all at once, and run the daemon with them. If
the daemon fails, they restore the former files and run the daemon with those.
``--volume FOLDER`` is the state volume: ``judge`` rejects a version of Slurm that cannot upgrade the state there, and
``apply`` records the version that runs. The other commands back up the state and restore it: see `state_commands`.
Each ends with one line of JSON; with exit status 1 it has the reason in ``rejected`` or ``failed``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import plan, state_commands, trial
from .conf import option
from .daemons import DaemonError, Daemons
from .rejection import Rejection, rejection
from .sets import Sets
from .sources import FILE, Sources
from .state import SlurmState
from .upgrade import UpgradeAction

_INSIDE = "inside"
_DAEMONS = ("slurmdbd", "slurmctld")
_KEEPS_JOBS = (
    "jobs that run ({jobs}) would be lost with another slurm.auth_type or another key of auth/slurm. Let them end "
    "(scontrol update partitionname=NAME state=drain), then run up again"
)


def judge(files: Mapping[str, bytes], sources: Sources, entry: Sequence[str], control: str) -> Rejection | None:
    """Why Slurm's daemons reject the files; None if they accept them.

    Args:
        files: by name.
        sources: the settings that they come from.
        entry: the command that runs this program.
        control: host name of the control node.

    Raises:
        TrialError: they could not be tested.
    """
    texts = {name: content.decode(errors="replace") for name, content in files.items() if name != "slurm.key"}
    for daemon in _DAEMONS:
        if daemon == "slurmdbd" and "slurmdbd.conf" not in files:
            continue
        held = trial.run(daemon, files, [*entry, _INSIDE], control=control)
        log = [*held.log, f"{daemon}: fatal: {held.why}"] if held.why else held.log
        found = rejection(daemon, log, texts, sources)
        if found is not None:
            return found
    return None


class Appliance:
    """Slurm's files and daemons on this node.

    Args:
        sets: the files.
        daemons: the daemons.
    """

    def __init__(self, sets: Sets, daemons: Daemons) -> None:
        self._sets = sets
        self._daemons = daemons

    def apply(self, daemon: str) -> dict[str, Any]:
        """Put the accepted files into use, and run a daemon with them.

        Raises:
            DaemonError: it does not run with them; previous files, if any, were restored.
        """
        name = self._sets.next
        if name is None:
            raise DaemonError("no files have been accepted by Slurm's daemons", [])
        exchanged = name != self._sets.in_use
        if exchanged:
            self._sets.exchange(name)
        action = self._action(daemon)
        try:
            self._daemons.do(daemon, action, self._port(daemon))
        except DaemonError as error:
            raise DaemonError(f"{error}. {self._restore(daemon)}", error.log) from error
        self._sets.prove(daemon)
        return {"changed": exchanged or action is not plan.DaemonAction.NOTHING, "action": action.value, "files": name}

    def _action(self, daemon: str) -> plan.DaemonAction:
        proven, in_use = self._sets.files(self._sets.proven(daemon)), self._sets.files(self._sets.in_use)
        active = self._daemons.active(daemon)
        if daemon == "slurmdbd":
            return plan.slurmdbd(proven, in_use, active)
        return plan.slurmctld(proven, in_use, active, self._daemons.version())

    def _restore(self, daemon: str) -> str:
        """Restore the files that the daemon ran with; return the outcome."""
        former, failed = self._sets.proven(daemon), self._sets.in_use
        if former is None or former == failed:
            return "There are no previous files to restore"
        files = self._sets.files(former)
        if daemon == "slurmctld" and self._sets.proven("slurmdbd") == failed:
            # slurmdbd runs with its new file, so its messages about the database are valid.
            files = {**files, **{k: v for k, v in self._sets.files(failed).items() if k == "slurmdbd.conf"}}
        self._sets.exchange(self._sets.add(files))
        try:
            self._daemons.do(daemon, plan.DaemonAction.RESTART, self._port(daemon))
        except DaemonError as error:
            return f"The previous files were restored, but {daemon} does not run with them either: {error}"
        for each in _DAEMONS:
            if each == daemon or self._sets.proven(each) == failed:
                self._sets.prove(each)
        return f"The previous files were restored, and {daemon} runs with them"

    def _port(self, daemon: str) -> int:
        file, name, usual = {
            "slurmctld": ("slurm.conf", "SlurmctldPort", 6817),
            "slurmdbd": ("slurmdbd.conf", "DbdPort", 6819),
        }[daemon]
        text = self._sets.files(self._sets.in_use).get(file, b"").decode(errors="replace")
        found = re.match(r"\d+", option(text, name) or "")
        return int(found.group()) if found else usual


def main(arguments: Sequence[str] | None = None, entry: Sequence[str] = (sys.executable, "-m", __package__)) -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="slurm-appliance-slurm-files", description=__doc__)
    parser.add_argument("--folder", type=Path, default=trial.ETC, help="folder of Slurm's files")
    parser.add_argument("--volume", type=Path, default=Path("/var/lib/state"), help="the state volume")
    commands = parser.add_subparsers(dest="command", required=True)
    judging = commands.add_parser("judge", help="test the files on standard input with Slurm's daemons")
    judging.add_argument("--control", required=True, help="host name of the control node")
    applying = commands.add_parser("apply", help="apply accepted files to a daemon")
    applying.add_argument("daemon", choices=_DAEMONS)
    commands.add_parser(_INSIDE, help="for internal use")
    state_commands.add(commands)
    options = parser.parse_args(arguments)
    if options.command == _INSIDE:
        return trial.inside()
    ended = state_commands.run(options)
    if ended is not None:
        return _say(*ended)
    sets, state = Sets(options.folder), state_commands.state_of(options.volume)
    if options.command == "judge":
        return _judge(sets, entry, options.control, state)
    return _apply(sets, options.daemon, state)


def _judge(sets: Sets, entry: Sequence[str], control: str, state: SlurmState) -> int:
    decision = state.decision(Daemons().version_text())
    if decision.action is UpgradeAction.REFUSE:
        return _say({"rejected": str(decision)}, 1)
    document: dict[str, str] = json.load(sys.stdin)
    sources = Sources.read(document.pop(FILE, ""))
    files = {name: text.encode() for name, text in document.items()}
    sets.adopt()
    name = sets.add(files)
    if plan.other_authentication(sets.files(sets.proven("slurmctld")), files):
        try:
            jobs = Daemons().jobs()
        except DaemonError as error:
            return _say({"rejected": f"slurm.auth_type is another one, and {error}"}, 1)
        if jobs:
            return _say({"rejected": _KEEPS_JOBS.format(jobs=", ".join(jobs[:10]))}, 1)
    if name != sets.proven("slurmctld"):
        try:
            found = judge(files, sources, entry, control)
        except trial.TrialError as error:
            return _say({"rejected": str(error)}, 1)
        if found is not None:
            return _say({"rejected": found.sentence(), **found.__dict__}, 1)
    sets.accept(name)
    return _say({"accepted": name, "changed": name != sets.in_use}, 0)


def _apply(sets: Sets, daemon: str, state: SlurmState) -> int:
    # The time that a conversion takes grows with the site's history, so it has no limit.
    daemons = Daemons(timeout=math.inf) if state.pending() else Daemons()
    try:
        done = Appliance(sets, daemons).apply(daemon)
    except DaemonError as error:
        files = {name: content.decode(errors="replace") for name, content in sets.files(sets.next).items()}
        found = rejection(daemon, error.log, files, Sources())
        why = f"{error}. {found.sentence()}" if found else str(error)
        return _say({"failed": why, "log": error.log[-15:]}, 1)
    state.runs(daemon, daemons.version_text())
    return _say(done, 0)


def _say(document: Mapping[str, Any], status: int) -> int:
    print(json.dumps(document))
    return status
