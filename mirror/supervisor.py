"""The mirror's first process: creates the database, starts everything, restarts it if needed, stops everything.

``mirror up`` starts it as process 1 of its own process and mount namespaces. If it exits for any reason, the kernel
kills all processes of the namespace: nothing of the mirror is ever left behind.
"""

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mirror import health, sandbox
from mirror.bookkeeping import Bookkeeping
from mirror.children import Child, Surroundings, stop, wait_until
from mirror.database import template_folder
from mirror.errors import MirrorError, MirrorServiceError
from mirror.files import make_folder
from mirror.machine import account
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.programs import process_name, services
from mirror.provision import MirrorProvision
from mirror.record import Failure, SupervisorRecord, SupervisorState
from mirror.restart_policy import restart_delay

#: Timeout for Pulp's services to come online on a busy machine, in seconds.
_SERVICES_LIMIT = 180.0

#: Delays after a worker's start at which the workers are woken, in seconds; the last is for a very busy machine.
_WAKE_DELAYS = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)


class _StopRequest(BaseException):
    """A request to stop; not an Exception, so that handlers of ordinary errors do not catch it."""


class Supervisor:
    """One start of the mirror.

    Args:
        places: the mirror's folders.
        environment: Pulp's virtual environment.
        lock: the descriptor of the lock that marks the mirror as running.
        record: the record for commands.
    """

    def __init__(self, places: MirrorPlaces, environment: Path, lock: int, record: SupervisorRecord) -> None:
        self._places = places
        self._environment = environment
        self._record = record
        self._options = Options.load(places)
        self._surroundings = Surroundings(account(), places.work, places.logs, lock)
        self._provision = MirrorProvision(places, self._options, environment, self._surroundings, record)
        self._bookkeeping = Bookkeeping(places, self._surroundings)
        self._children: list[Child] = []
        self._wake_at: list[float] = []

    def run(self) -> NoReturn:
        """Start everything and keep it running until a process exits too often or a stop is requested."""
        try:
            self._provision.files()
            self._children.append(self._provision.database())
            self._provision.admin()
            with self._provision.step("services"):
                self._start_services()
            self._wake_soon()
            self._say(SupervisorState.UP)
            while True:
                self._watch()
        finally:
            if self._record.state is SupervisorState.UP:
                self._say(SupervisorState.STOPPING)
            # The database last: the others still use it while they stop.
            stop(self._children[1:])
            stop(self._children[:1])

    def _start_services(self) -> None:
        for program in services(self._places, self._options, self._environment, self._record.start):
            self._children.append(Child(program, self._surroundings))
            self._children[-1].start()

        def missing() -> str:
            return ", ".join(health.ask(self._options, self._record.start).missing(self._options.workers))

        wait_until(missing, _SERVICES_LIMIT, self._children)

    def _watch(self) -> None:
        """Check each process once, and restart those that are due."""
        now = time.monotonic()
        for child in self._children:
            if child.start_at is not None:
                if now >= child.start_at:
                    self._restart(child, now)
            elif not child.running:
                self._plan_restart(child, now)
        self._wake_workers(now)
        reap({child.pid for child in self._children})
        time.sleep(0.2)

    def _plan_restart(self, child: Child, now: float) -> None:
        name = child.program.name
        print(f"{name} exited with status {child.exit_status}", flush=True)
        child.kill()
        child.deaths.append(now)
        delay = restart_delay(child.deaths, now)
        if delay is None:
            raise child.ended("keeps exiting")
        child.start_at = now + delay
        self._record.restarts[name] = self._record.restarts.get(name, 0) + 1
        self._record.save(self._places.record)

    def _restart(self, child: Child, now: float) -> None:
        if child is self._children[0]:
            child.start()
            return
        try:
            self._bookkeeping.forget(process_name(child.pid, self._record.start))
        except MirrorServiceError as error:
            # The database is restarting as well; if it exits too often, everything stops.
            print(f"{child.program.name} is waiting for the database: {error.what}", flush=True)
            child.start_at = now + 1.0
            return
        child.start()
        self._wake_soon()

    def _wake_soon(self) -> None:
        """Wake the workers a few times, because a worker's start-up time is unknown."""
        now = time.monotonic()
        self._wake_at = [now + delay for delay in _WAKE_DELAYS]

    def _wake_workers(self, now: float) -> None:
        if not self._wake_at or now < self._wake_at[0]:
            return
        del self._wake_at[0]
        try:
            self._bookkeeping.wake_workers()
        except MirrorServiceError as error:
            print(f"cannot wake the workers: {error.what}", flush=True)

    def _say(self, state: SupervisorState) -> None:
        self._record.state, self._record.step = state, ""
        self._record.save(self._places.record)


def reap(ours: set[int]) -> None:
    """Reap orphaned processes, as process 1 must."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in ours:
            return
        os.waitpid(ended.si_pid, 0)


def _stop_request(_signal: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # A second signal would interrupt the handling of the first.
    raise _StopRequest


def main(state: str, environment: str, lock: str, start: str) -> int:
    """Run one start of the mirror; called in new namespaces, see `service.launch`.

    Args:
        state: the state folder.
        environment: Pulp's virtual environment.
        lock: the number of the inherited descriptor of the lock.
        start: the name of this start.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop_request)
    os.umask(0o022)
    places = MirrorPlaces(Path(state))
    record = SupervisorRecord(pid=0, start=start, environment=environment)
    try:
        record.pid = sandbox.enter_process_namespace()
        record.save(places.record)
        hold = places.sockets.with_name(f"{places.sockets.name}.hold")
        make_folder(hold, mode=0o700)
        needed = [places.state, Path(environment), Path(sys.base_prefix).resolve(), template_folder()]
        sandbox.enter(sandbox.plan(needed), hold)
        hold.rmdir()
        Supervisor(places, Path(environment), int(lock), record).run()
    except _StopRequest:
        places.record.unlink(missing_ok=True)
        return 0
    except MirrorError as error:
        record.failure = Failure(error.what, error.where, error.remedy, error.evidence)
    except Exception as error:  # noqa: BLE001 - there is nobody above us: it is written down for the command outside
        traceback.print_exc()
        remedy = f"see {places.logs / 'supervisor.log'}"
        record.failure = Failure(f"{type(error).__name__}: {error}", "the mirror's supervisor", remedy)
    record.state = SupervisorState.FAILED
    record.save(places.record)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
