"""Kills a run with everything that it started, at the moment when a certain call reaches the cloud."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.site_repository.place import STACKS_VARIABLE
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject
from tests.fakes.project.http import RefusalError, Request
from toolchain.paths import REPOSITORY

#: Seconds that a run may take to get to the moment, or to its end.
_LIMIT = 300


def run_until(
    rig: Rig,
    folder: Path,
    project: FakeProject,
    moment: int,
    *,
    effective: bool,
    doing: str = "up",
    about: str | None = None,
) -> None:
    """Run an operation and kill it when its call number ``moment`` that creates something arrives.

    Args:
        rig: the environment.
        folder: the test's.
        project: the cloud.
        moment: counted from 1.
        effective: whether the cloud carries out that call, although nobody waits for the answer any more.
        doing: the operation: up, or adopt.
        about: a word in the paths of the calls that count; None for all.
    """
    victim = "tests.engine.cluster.victim"
    command = [sys.executable, "-m", victim, str(folder), rig.name, json.dumps(rig.settings), doing]
    log = (folder / f"victim-{moment}.log").open("wb")
    process = subprocess.Popen(
        command, cwd=REPOSITORY, start_new_session=True, stdout=log, stderr=log, env=_as_the_command_line(rig)
    )
    seen = 0
    counting = threading.Lock()

    def before(request: Request) -> None:
        nonlocal seen
        if request.method != "POST" or "tokens" in request.parts or (about or "") not in ("", *request.parts):
            return
        with counting:
            seen += 1
            reached = seen >= moment
        if reached:
            kill_session(process.pid)
            if seen > moment or not effective:
                raise RefusalError(503, "the caller is dead")

    project.api.before = before
    try:
        status = process.wait(timeout=_LIMIT)
    finally:
        kill_session(process.pid)
        project.api.before = _nothing
        log.close()
    assert status == -signal.SIGKILL, Path(log.name).read_text()


@dataclass(frozen=True)
class Ended:
    """How a run ended that got a signal: its status as a shell has it, what it printed, processes that it left."""

    status: int
    output: str
    left: list[str]


def run_and_signal(rig: Rig, folder: Path, project: FakeProject, moment: int, number: signal.Signals) -> Ended:
    """Run ``up`` and send its process alone a signal when call number ``moment`` that creates something arrives."""
    command = [sys.executable, "-m", "tests.engine.cluster.victim", str(folder), rig.name, json.dumps(rig.settings)]
    output = folder / "signalled.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, start_new_session=True, stdout=log, stderr=log, env=_as_the_command_line(rig)
        )
    seen = itertools.count(1)

    def before(request: Request) -> None:
        if request.method == "POST" and "tokens" not in request.parts and next(seen) == moment:
            process.send_signal(number)

    project.api.before = before
    try:
        status = process.wait(timeout=_LIMIT)
        return Ended(status if status >= 0 else 128 - status, output.read_text(), list(_session(process.pid)))
    finally:
        project.api.before = _nothing
        kill_session(process.pid)


def _as_the_command_line(rig: Rig) -> dict[str, str]:
    """The environment in which the victim runs the program itself, as our commands do."""
    return {**os.environ, STACKS_VARIABLE: str(rig.stacks)}


def _nothing(_request: Request) -> None:
    pass


def kill_session(session: int) -> None:
    """Kill all processes of a session, whatever groups they are in."""
    for process in _session(session):
        with contextlib.suppress(ProcessLookupError):  # It ended meanwhile.
            os.kill(int(process.partition(" ")[0]), signal.SIGKILL)


def _session(session: int) -> Iterator[str]:
    """The processes of a session that have not ended: id and name."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # It ended meanwhile.
            stat = (entry / "stat").read_text()
            state, *_, of_session = stat[stat.rindex(")") + 2 :].split()[:4]
            if int(of_session) == session and state != "Z":
                yield f"{entry.name} {stat[stat.index('(') + 1 : stat.rindex(')')]}"
