"""The mirror's command line as an operator calls it, with a state folder and ports of the test's own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolchain.paths import REPOSITORY, state_folder

_COMMAND = (sys.executable, str(REPOSITORY / "slurm_appliance/__main__.py"), "mirror")


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], bool], limit: float, what: str) -> None:
    """Wait until a condition holds, at most a number of seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit:.0f} s: {what}"
        time.sleep(0.1)


@contextmanager
def fresh_mirror(*options: str) -> Iterator["Mirror"]:
    """A mirror that is up, in a folder that no other session of tests uses at the same time.

    What a session that was killed left there is removed first. Whatever is done to it, nothing of it is left.
    """
    there = Mirror(state_folder("mirror-of-tests"))
    there.call("reset", "--yes")
    try:
        there.up(*options)
        yield there
    finally:
        there.call("reset", "--yes")
        shutil.rmtree(there.base)
    assert there.processes() == []


class Mirror:
    """One mirror.

    Attributes:
        base: the folder in which it keeps its state.
        port, api_port: where it serves snapshots and its API.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self.port = free_port()
        self.api_port = free_port()
        self._environment = {**os.environ, "XDG_STATE_HOME": str(base)}

    @property
    def state(self) -> Path:
        return self.base / "slurm-appliance/mirror"

    @contextmanager
    def running(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs; what is left of it at the end of the block is killed."""
        with subprocess.Popen(
            [*_COMMAND, *arguments],
            env=self._environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def call(self, *arguments: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command that ends with a status."""
        with self.running(*arguments) as process:
            output, complaints = process.communicate(timeout=900)
        said = f"mirror {' '.join(arguments)}: {process.returncode}\n{output}\n{complaints}"
        assert process.returncode == status, said
        return subprocess.CompletedProcess(arguments, process.returncode, output, complaints)

    def up(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Bring it up on its ports."""
        ports = ("--port", str(self.port), "--api-port", str(self.api_port), "--workers", "1")
        return self.call("up", *ports, *options)

    def json(self, *arguments: str, status: int = 0) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.call(*arguments, "--output", "json", status=status).stdout)

    def record(self) -> dict[str, Any]:
        """What the supervisor says of itself."""
        found: dict[str, Any] = json.loads((self.state / "service.json").read_text())
        return found

    def processes(self) -> list[int]:
        """Numbers of all processes that have a file of this mirror open: each has, the lock that says that it lives."""
        return [pid for pid in _all_processes() if any(path.startswith(f"{self.state}/") for path in _open_files(pid))]

    def process(self, program: str) -> int:
        """The number of the process of a program that the supervisor watches."""
        supervisor = self.record()["pid"]
        [found] = [
            pid
            for pid in self.processes()
            if _parent(pid) == supervisor and f"/{program}\0" in Path(f"/proc/{pid}/cmdline").read_text()
        ]
        return found


def _parent(pid: int) -> int:
    """The number of a process's parent; its name, which may hold anything, stands in brackets before it."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _all_processes() -> Sequence[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _open_files(pid: int) -> Sequence[str]:
    """Paths of a process's open files; none of one that has ended or that even root may not look at."""
    try:
        return [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
