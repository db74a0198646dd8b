"""The whole mirror: starts, stops and removes it. Runs in the command, outside of all namespaces."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from mirror import health
from mirror.environment import environment
from mirror.errors import MirrorNotRunningError, MirrorServiceError
from mirror.files import make_folder, remove_tree, rotate, tail
from mirror.locks import is_alive, take_service_lock, wait_until_dead
from mirror.machine import install_missing, require_root
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.record import SupervisorRecord, SupervisorState
from toolchain.paths import REPOSITORY

#: Timeout of a start, in seconds, in addition to the supervisor's own timeouts for each step.
_START_LIMIT = 2400.0
#: Timeout for a clean stop, in seconds; then the mirror is killed.
_STOP_LIMIT = 90.0
#: Timeout for a process to be restarted, in seconds.
_MEND_LIMIT = 90.0

#: Descriptions of the steps of a start.
STEPS = {
    "packages": "install Debian packages",
    "environment": "install Pulp's Python environment",
    "database": "create the database folder",
    "postgresql": "start PostgreSQL",
    "tables": "create Pulp's tables",
    "template": "save the database as a template",
    "admin": "create the admin user",
    "services": "start the API, content server and workers",
}

#: Called with the key and the duration of a step.
Progress = Callable[[str, float], None]


def up(places: MirrorPlaces, options: Options, progress: Progress) -> subprocess.Popen[bytes] | None:
    """Start the mirror with these options; return its main process, or None if it was already running with them.

    Idempotent. A mirror with other options, or another Pulp version, is stopped first.

    Raises:
        ApplianceError: it cannot be started; then none of its processes is left running.
    """
    require_root()
    options.check()
    with _timed("packages", progress):
        install_missing()
    with _timed("environment", progress):
        pulp = environment()
    record = SupervisorRecord.load(places.record)
    if is_alive(places):
        if record is not None and record.environment == str(pulp) and Options.load(places) == options:
            _wait_until_up(places, options, progress)
            return None
        down(places)
    make_folder(places.state, mode=0o711)
    make_folder(places.logs, mode=0o700)
    options.save(places)
    process = launch(places, pulp)
    try:
        _wait_until_up(places, options, progress)
    except BaseException:
        down(places)
        raise
    return process


def launch(places: MirrorPlaces, pulp: Path) -> subprocess.Popen[bytes]:
    """Start the supervisor in its own namespaces; it outlives this process."""
    places.record.unlink(missing_ok=True)
    lock = take_service_lock(places)
    log_file = places.logs / "supervisor.log"
    rotate(log_file)
    try:
        # If unshare is killed, so are the supervisor and its namespace.
        namespaces = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        arguments = [str(places.state.resolve()), str(pulp), str(lock), secrets.token_hex(4)]
        with log_file.open("ab") as log:
            return subprocess.Popen(
                [*namespaces, sys.executable, "-m", "mirror.supervisor", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                start_new_session=True,
                pass_fds=(lock,),
            )
    finally:
        os.close(lock)


@contextmanager
def foreground(places: MirrorPlaces) -> Iterator[None]:
    """During the block, SIGTERM or Ctrl-C stops the mirror and ends the block."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        down(places)


def _wait_until_up(places: MirrorPlaces, options: Options, progress: Progress) -> None:
    """Wait until the mirror has started.

    Raises:
        ServiceError: it failed, or Pulp is not healthy in time.
    """
    end = time.monotonic() + _START_LIMIT
    told = 0
    missing = ["the supervisor"]
    while missing:
        alive = is_alive(places)  # Check before reading the record: then an ended supervisor's record is final.
        record = SupervisorRecord.load(places.record)
        if record is not None:
            for name, seconds in record.steps[told:]:
                progress(name, seconds)
            told = len(record.steps)
            if record.failure is not None:
                parts = asdict(record.failure)
                raise MirrorServiceError(parts.pop("what"), **parts)
            if record.state is SupervisorState.UP:
                missing = health.ask(options, record.start).missing(options.workers)
        if not alive:
            log = places.logs / "supervisor.log"
            raise MirrorServiceError(
                "its supervisor crashed or was killed", where="mirror", evidence=tail(log), remedy=f"see {log}"
            )
        if time.monotonic() > end:
            said = f"not ready within {_START_LIMIT:.0f} s: {', '.join(missing)}"
            raise MirrorServiceError(
                said, where="mirror", remedy=f"see the logs in {places.logs}, then run 'mirror down' and 'mirror up'"
            )
        if missing:
            time.sleep(0.1)


def down(places: MirrorPlaces) -> bool:
    """Stop all processes of the mirror; return False if there were none.

    Raises:
        ServiceError: a process does not exit even after SIGKILL.
    """
    if not is_alive(places):
        places.record.unlink(missing_ok=True)
        return False
    for number, limit in ((signal.SIGTERM, _STOP_LIMIT), (signal.SIGKILL, 20.0)):
        _signal_supervisor(places, number)
        if wait_until_dead(places, limit):
            places.record.unlink(missing_ok=True)
            remove_tree(places.sockets)
            return True
    raise MirrorServiceError(
        "a process of the mirror does not exit", where="mirror", remedy=f"find it with: fuser {places.service_lock}"
    )


def _signal_supervisor(places: MirrorPlaces, number: signal.Signals) -> None:
    record = SupervisorRecord.load(places.record)
    if record is None or not record.pid:
        return
    try:
        command = Path(f"/proc/{record.pid}/cmdline").read_bytes()
        # Process IDs are reused; the name of the start is not.
        if record.start.encode() in command.split(b"\0"):
            os.kill(record.pid, number)
    except (FileNotFoundError, ProcessLookupError):
        return


def reset(places: MirrorPlaces) -> None:
    """Stop the mirror and remove all its data, including snapshots."""
    down(places)
    remove_tree(places.state)


def require_up(places: MirrorPlaces) -> Options:
    """The options of the running mirror, as soon as all of it responds: a process may just be restarting.

    Raises:
        NotRunningError: it is not running, or a part of it does not respond.
    """
    record = SupervisorRecord.load(places.record)
    if not is_alive(places) or record is None or record.state is not SupervisorState.UP:
        said = f"the last start failed: {record.failure.what}" if record and record.failure else "not running"
        raise MirrorNotRunningError(said, where="mirror", remedy="start it with 'slurm-appliance mirror up'")
    options = Options.load(places)
    end = time.monotonic() + _MEND_LIMIT
    while missing := health.ask(options, record.start).missing(options.workers):
        if time.monotonic() > end or not is_alive(places):
            said = f"these parts do not respond: {', '.join(missing)}"
            raise MirrorNotRunningError(said, where="mirror", remedy=f"see the logs in {places.logs}")
        time.sleep(0.5)
    return options


@contextmanager
def _timed(step: str, progress: Progress) -> Iterator[None]:
    started = time.monotonic()
    yield
    progress(step, time.monotonic() - started)
