"""Runs the plan's Slurm commands, in order."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import associations, plan
from .associations import Deletion
from .facts import AccountingFacts, gather
from .request import AccountingRequest, FormerJobs
from .whole_file import write_whole

#: Enough for sacctmgr to find slurmdbd: the cluster's slurm.conf may be missing or about to change.
_CONFIGURATION = """\
ClusterName={cluster}
SlurmctldHost={control_host}
SlurmUser=slurm
AuthType=auth/{auth_type}
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost={control_host}
"""
_APPLIED = "slurm-accounting.json"


#: Slurm's words for an association of which a job is not over.
_JOBS = "Job(s) active"


class AccountingError(Exception):
    """Raised when a Slurm command fails; ``said`` is what it printed."""

    def __init__(self, text: str, said: str) -> None:
        super().__init__(text)
        self.said = said


def define(request: AccountingRequest, state: Path) -> list[str]:
    """Create and change the requested items; return the executed commands.

    Without accounting, only note who is a former user.

    Args:
        request: the request.
        state: folder of the record of what was applied.
    """
    if not request.accounting:
        facts = AccountingFacts(applied=_applied(state))
        _remember(state, {**facts.applied, "former": plan.to_apply(request, facts)["former"]})
        return []
    with _sacctmgr(request) as sacctmgr:
        facts = gather(sacctmgr.ask, request.cluster, _applied(state))
        commands = plan.define(request, facts)
        _remember(state, plan.to_begin(request, facts))
        for command in commands:
            sacctmgr.change(command)
    _remember(state, plan.to_apply(request, facts))
    return [" ".join(command) for command in commands]


@dataclass
class Withdrawal:
    """What was removed.

    Attributes:
        commands: the executed commands.
        waiting: associations that Slurm keeps, because a job of theirs is not over: no job can be submitted through
            them, and a later run removes them.
    """

    commands: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def withdraw(request: AccountingRequest, state: Path, passwd: Path = Path("/etc/passwd")) -> Withdrawal:
    """Remove what the record of `define` says: associations of former users, and those taken from users who stay.

    Jobs of former users are handled before, according to `FormerJobs`. Needs slurmctld. Of the request, only the
    cluster and how to reach slurmdbd matter.

    Args:
        request: the request.
        state: folder of the record of what was applied.
        passwd: the local users; former ones stay among them, locked.
    """
    done = Withdrawal()
    applied = _applied(state)
    # Who is not a local user any more may be one of a directory service by now.
    local = {line.partition(":")[0] for line in passwd.read_text().splitlines()}
    former = {name: each for name, each in applied.get("former", {}).items() if name in local}
    applied = {**applied, "former": former}
    if request.former_jobs is FormerJobs.CANCEL and former:
        with_jobs = set(_run(["squeue", "--noheader", "--format=%u"]).split())
        for name in sorted(with_jobs & former.keys()):
            _run(["scancel", f"--user={name}"])
            done.commands.append(f"scancel --user={name}")
    if not request.accounting or not associations.may_withdraw(applied):
        return done
    with _sacctmgr(request) as sacctmgr:
        for deletion in associations.withdraw(request.cluster, gather(sacctmgr.ask, request.cluster, applied)):
            _remove(sacctmgr, deletion, done)
    return done


def _remove(sacctmgr: _Sacctmgr, deletion: Deletion, done: Withdrawal) -> None:
    try:
        sacctmgr.change(deletion.command)
    except AccountingError as error:
        if _JOBS not in error.said:
            raise
        if len(deletion.users) == 1:
            done.waiting.append(f"{deletion.users[0]} in {deletion.account or 'all accounts'}")
            return
        # One user's job keeps the associations of all whom the command names.
        for one in deletion.each:
            _remove(sacctmgr, one, done)
        return
    done.commands.append(" ".join(deletion.command))


class _Sacctmgr:
    """sacctmgr with its own settings."""

    def __init__(self, configuration: Path) -> None:
        self._environment = {**os.environ, "SLURM_CONF": str(configuration)}

    def ask(self, arguments: Sequence[str]) -> str:
        return _run(["sacctmgr", "--noheader", "--parsable2", *arguments], self._environment)

    def change(self, arguments: Sequence[str]) -> None:
        _run(["sacctmgr", "--immediate", *arguments], self._environment)


@contextmanager
def _sacctmgr(request: AccountingRequest) -> Iterator[_Sacctmgr]:
    with tempfile.TemporaryDirectory(prefix="slurm-accounting-") as folder:
        path = Path(folder, "slurm.conf")
        path.write_text(
            _CONFIGURATION.format(
                cluster=request.cluster, control_host=request.control_host, auth_type=request.auth_type
            )
        )
        yield _Sacctmgr(path)


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    if ended.returncode:
        said = " ".join(f"{ended.stdout} {ended.stderr}".split())
        raise AccountingError(f"{' '.join(command)[:300]}: {said or f'exit status {ended.returncode}'}", said)
    return ended.stdout


def _applied(state: Path) -> Any:
    path = state / _APPLIED
    return json.loads(path.read_text()) if path.exists() else {}


def _remember(state: Path, applied: Mapping[str, Any]) -> None:
    path = state / _APPLIED
    text = json.dumps(applied, indent=1, sort_keys=True) + "\n"
    if path.exists() and path.read_text() == text:
        return
    write_whole(path, text, mode=0o644, durable=True)
