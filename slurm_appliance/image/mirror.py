"""Brings the site's own mirror up to date before a build that pins a snapshot of it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from slurm_appliance.image.errors import BuildError
from slurm_appliance.image.stop import Deadline
from toolchain.paths import REPOSITORY

#: Seconds between two looks at the program.
_PAUSE = 0.5
#: Seconds that the program gets to end by itself once it is told to.
_GRACE = 30.0
#: The checkout's command line: the mirror has a Python environment of its own, which only this knows.
PROGRAM = REPOSITORY / "slurm-appliance"


def refresh(snapshot: str, log: Path, stop: Deadline, say: Callable[[str], None], program: Path = PROGRAM) -> None:
    """Have the mirror sync and publish a snapshot of this name; one that exists is used as it is.

    Args:
        snapshot: its name.
        log: file for what the program says.
        stop: ends it.
        say: takes a line for the operator.
        program: this project's command.

    Raises:
        BuildError: there is no such snapshot afterwards.
        StoppedError: the build is to end.
    """
    command = [str(program), "mirror", "publish", "--sync", "--snapshot", snapshot, "--output", "json"]
    say(f"{' '.join(command[1:])}: full log: {log}")
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT) as running,
    ):
        try:
            while running.poll() is None:
                stop.sleep(_PAUSE)
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
