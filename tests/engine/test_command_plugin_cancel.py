"""Ending ``pulumi up`` ends the running commands, with everything that they started."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.pulumi_fixtures import Project
from toolchain.ensure import Toolchain

#: A command whose leader cleans up when it is told to end, with a child that does not listen.
COMMAND = """
trap 'echo cleaned up > cleaned; exit 1' TERM
(trap '' TERM; echo deaf; exec sleep 600) &
echo $! > child.pid
echo $$ > leader.pid
mv leader.pid started.pid
wait
"""

#: How long anything here may take, in seconds.
LIMIT = 60


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    """Poll a condition; an error names what did not come."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {LIMIT} s")
        time.sleep(0.05)


def running(pid: int) -> bool:
    """Whether a process is there and not merely waiting for its parent to take note of its end."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class RunningUp:
    """A plain ``pulumi up`` in a project folder, in the middle of a long command."""

    def __init__(self, project: Project) -> None:
        self.folder = project.folder
        project.write(long={"create": COMMAND, "dir": str(self.folder)})
        self.log = (self.folder / "log").open("w+")
        self.process = project.start("up", "--yes", "--skip-preview", output=self.log)

    def pids(self) -> list[int]:
        """The command's leader and its child, once they run."""
        files = [self.folder / "started.pid", self.folder / "child.pid"]
        wait_for("the command", lambda: files[0].exists() or self.process.poll() is not None)
        assert files[0].exists(), self.output()
        return [int(file.read_text()) for file in files]

    def output(self) -> str:
        """What ``pulumi`` has printed."""
        self.log.seek(0)
        return self.log.read()


@pytest.fixture
def running_up(toolchain_with_our_plugins: Toolchain, stack_folders: Callable[[], Path]) -> Iterator[RunningUp]:
    up = RunningUp(Project(stack_folders(), toolchain_with_our_plugins))
    yield up
    if up.process.poll() is None:
        os.killpg(up.process.pid, signal.SIGKILL)
    up.process.wait(LIMIT)
    up.log.close()
    for file in up.folder.glob("*.pid"):
        if running(int(file.read_text())):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_cancelling_lets_the_command_clean_up_and_ends_its_whole_group(running_up: RunningUp) -> None:
    pids = running_up.pids()
    os.killpg(running_up.process.pid, signal.SIGINT)
    assert running_up.process.wait(LIMIT) != 0
    wait_for("the end of the command's processes", lambda: not any(map(running, pids)))
    assert (running_up.folder / "cleaned").read_text() == "cleaned up\n"
    assert "warning" not in running_up.output()


def test_a_killed_engine_does_not_leave_the_command_behind(running_up: RunningUp) -> None:
    pids = running_up.pids()
    os.killpg(running_up.process.pid, signal.SIGKILL)
    wait_for("the end of the command's processes", lambda: not any(map(running, pids)))
    assert (running_up.folder / "cleaned").exists()
