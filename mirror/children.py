"""The processes of the mirror: how each is called, started, watched and ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mirror.errors import MirrorServiceError
from mirror.files import rotate, tail
from mirror.machine import MirrorUser


@dataclass(frozen=True)
class Program:
    """How one process is called.

    Attributes:
        name: ours for it; its log is called so.
        command: the call.
        environment: all of its environment.
        stop_signal: what makes it end in good order.
        stop_limit: seconds that it may take to do so.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_limit: float = 15.0


@dataclass(frozen=True)
class Surroundings:
    """What all processes of a mirror share.

    Attributes:
        account: whom they run as.
        folder: where they run.
        logs: the folder of their logs.
        lock: the descriptor whose lock says that the mirror lives; each of them keeps it open.
    """

    account: MirrorUser
    folder: Path
    logs: Path
    lock: int

    def log(self, program: Program) -> Path:
        """The file for what a program prints."""
        return self.logs / f"{program.name}.log"

    def run(self, program: Program, limit: float, *, secret: bool = False) -> str:
        """Run a program to its end, at most a number of seconds, and return what it printed on standard output.

        What it prints goes to its log as well unless it is secret.

        Raises:
            ServiceError: it failed or took too long.
        """
        try:
            ended = subprocess.run(
                program.command,
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
                cwd=self.folder,
                env=dict(program.environment),
                user=self.account.uid,
                group=self.account.gid,
                extra_groups=[],
                umask=0o027,
                pass_fds=(self.lock,),
            )
        except subprocess.TimeoutExpired:
            raise MirrorServiceError(f"did not finish within {limit:.0f} s", where=program.name) from None
        if not secret:
            with self.log(program).open("a") as log:
                log.write(ended.stdout + ended.stderr)
        if ended.returncode:
            shown = "\n".join(ended.stderr.splitlines()[-15:])
            raise MirrorServiceError(f"ended with exit status {ended.returncode}", where=program.name, evidence=shown)
        return ended.stdout


@dataclass
class Child:
    """One process that is to run all the time, its restarts included.

    Attributes:
        program: how it is called.
        surroundings: whom it runs as, where, and where its log is.
        deaths: when it died unasked, on the monotonic clock.
        start_at: when it is to be started again, or None.
    """

    program: Program
    surroundings: Surroundings
    deaths: list[float] = field(default_factory=list)
    start_at: float | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The file for what the process prints."""
        return self.surroundings.log(self.program)

    def start(self) -> None:
        """Start the process."""
        self.start_at = None
        account = self.surroundings.account
        rotate(self.log)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.surroundings.folder,
                env=dict(self.program.environment),
                user=account.uid,
                group=account.gid,
                extra_groups=[],
                umask=0o027,
                start_new_session=True,
                pass_fds=(self.surroundings.lock,),
            )

    @property
    def pid(self) -> int:
        """The number of the process, or 0 before its first start."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How the process ended, or None while it lives; a signal's number is negative."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """Ask the process to end in good order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """End by force whatever is left of the process and of those that it started."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()

    def ended(self, what: str) -> MirrorServiceError:
        """The error that says how the process ended, with the end of its log."""
        said = f"{what} (status {self.exit_status})"
        return MirrorServiceError(said, where=self.program.name, evidence=tail(self.log), remedy=f"see {self.log}")


def stop(children: Sequence[Child]) -> None:
    """End processes, all at the same time: in good order, or by force where that takes longer than its limit."""
    started = time.monotonic()
    for child in children:
        child.ask_to_stop()
    while living := [child for child in children if child.running]:
        for child in living:
            if time.monotonic() - started > child.program.stop_limit:
                child.kill()
        time.sleep(0.05)


def wait_until(missing: Callable[[], str], limit: float, children: Sequence[Child]) -> None:
    """Poll until nothing is missing; the end of one of the processes is a failure at once.

    Args:
        missing: says what is not there yet, or nothing.
        limit: seconds.
        children: the processes that are waited for.

    Raises:
        ServiceError: one of them ended, or the limit is over.
    """
    end = time.monotonic() + limit
    while said := missing():
        for child in children:
            if not child.running:
                raise child.ended("exited during startup")
        if time.monotonic() > end:
            logs = children[0].log.parent
            raise MirrorServiceError(
                f"not ready within {limit:.0f} s: {said}", where="mirror", remedy=f"see the logs in {logs}"
            )
        time.sleep(0.1)
