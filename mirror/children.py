"""The processes of the mirror: how each is started, monitored and stopped."""

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
    """How to run one process.

    Attributes:
        name: our name for it, also of its log.
        command: program and arguments.
        environment: its complete environment.
        stop_signal: the signal for a clean stop.
        stop_limit: timeout for a clean stop, in seconds.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_limit: float = 15.0


@dataclass(frozen=True)
class Surroundings:
    """Properties shared by all processes of a mirror.

    Attributes:
        account: the user they run as.
        folder: their working folder.
        logs: the folder of their logs.
        lock: the descriptor of the lock that marks the mirror as running; all of them keep it open.
    """

    account: MirrorUser
    folder: Path
    logs: Path
    lock: int

    def log(self, program: Program) -> Path:
        """The log file of a program."""
        return self.logs / f"{program.name}.log"

    def run(self, program: Program, limit: float, *, secret: bool = False) -> str:
        """Run a program with a timeout in seconds and return its standard output.

        Also logs the output unless it is secret.

        Raises:
            ServiceError: it failed or timed out.
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
    """One process that must always run, with its restarts.

    Attributes:
        program: how to run it.
        surroundings: its user, folder and logs.
        deaths: times of unexpected exits, on the monotonic clock.
        start_at: when to restart it, or None.
    """

    program: Program
    surroundings: Surroundings
    deaths: list[float] = field(default_factory=list)
    start_at: float | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The log file of the process."""
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
        """The process ID, or 0 before its first start."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The exit status, or None while it is running; negative for a signal."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """Ask the process to stop cleanly."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """Kill the process and all processes that it started."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()

    def ended(self, what: str) -> MirrorServiceError:
        """An error with the process's exit status and the last lines of its log."""
        said = f"{what} (status {self.exit_status})"
        return MirrorServiceError(said, where=self.program.name, evidence=tail(self.log), remedy=f"see {self.log}")


def stop(children: Sequence[Child]) -> None:
    """Stop processes in parallel: cleanly, or by force after their timeouts."""
    started = time.monotonic()
    for child in children:
        child.ask_to_stop()
    while living := [child for child in children if child.running]:
        for child in living:
            if time.monotonic() - started > child.program.stop_limit:
                child.kill()
        time.sleep(0.05)


def wait_until(missing: Callable[[], str], limit: float, children: Sequence[Child]) -> None:
    """Poll until nothing is missing; fail at once if one of the processes exits.

    Args:
        missing: returns what is missing, or nothing.
        limit: timeout in seconds.
        children: the processes to wait for.

    Raises:
        ServiceError: one of them exited, or the timeout expired.
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
