"""Runs the host's programs: the one place that converts failures to errors."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.host.programs import SEARCH_PATH

#: Default timeout of a program, in seconds.
LIMIT = 60.0


class HostError(LocalCloudError):
    """Raised when an operation on the host fails: a program failed, is missing, or timed out."""


def try_run(command: Sequence[str | Path], *, text: str = "", limit: float = LIMIT) -> subprocess.CompletedProcess[str]:
    """Run a program and return its result; standard error is part of its output.

    Args:
        command: the program and its arguments.
        text: what it reads on standard input.
        limit: seconds after which it is killed.

    Raises:
        HostError: it is not installed, or timed out.
    """
    words = [str(word) for word in command]
    try:
        return subprocess.run(
            words,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
            # A root shell's PATH may lack sbin, where nft and ip are.
            env={**os.environ, "PATH": SEARCH_PATH},
        )
    except FileNotFoundError as error:
        raise HostError(
            f"the program {words[0]} is not installed",
            remedy="run `slurm-appliance doctor` to see the missing packages",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"did not finish within {limit:.0f} s", where=" ".join(words)) from error


def run(command: Sequence[str | Path], *, text: str = "", limit: float = LIMIT) -> str:
    """Run a program that must succeed and return its output.

    Raises:
        HostError: it failed; has the end of its output.
    """
    done = try_run(command, text=text, limit=limit)
    if done.returncode:
        raise HostError(
            f"exit status {done.returncode}",
            where=" ".join(map(str, command))[:300],
            evidence=done.stdout.strip()[-800:],
        )
    return done.stdout
