"""Updates the site's own mirror before a build that pins a snapshot of it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.stop import Deadline
from toolchain.paths import REPOSITORY

#: Interval for polling the program, in seconds.
_PAUSE = 0.5
#: Timeout for the program to exit after SIGTERM, in seconds.
_GRACE = 30.0
#: Our own command line: only it knows the mirror's own Python environment.
PROGRAM = (sys.executable, str(REPOSITORY / "slurm_appliance/__main__.py"))


def refresh(
    snapshot: str, log: Path, deadline: Deadline, say: Callable[[str], None], program: Sequence[str] = PROGRAM
) -> None:
    """Sync the mirror and publish a snapshot with this name; an existing one is used unchanged.

    Args:
        snapshot: its name.
        log: file for the program's output.
        deadline: ends the run early.
        say: prints a line for the operator.
        program: this project's command.

    Raises:
        BuildError: the snapshot was not created.
        StoppedError: the build was stopped.
    """
    command = [*program, "mirror", "publish", "--sync", "--snapshot", snapshot, "--output", "json"]
    say(f"{' '.join(command[len(program) :])}: full log: {log}")
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT) as running,
    ):
        try:
            while running.poll() is None:
                deadline.sleep(_PAUSE)
        finally:
            _end(running)
    if running.returncode:
        said = log.read_text(encoding="utf-8").strip().splitlines() or ["no output"]
        raise BuildError(
            f"the mirror has no snapshot {snapshot}: {said[-1]}",
            where=str(log),
            remedy="fix the mirror (see `slurm-appliance mirror status`), or remove package_sources.sync",
        )


def _end(running: "subprocess.Popen[bytes]") -> None:
    if running.poll() is not None:
        return
    running.terminate()
    try:
        running.wait(_GRACE)
    except subprocess.TimeoutExpired:
        running.kill()
