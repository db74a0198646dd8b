"""Run the host's programs: one place that turns a failure into a sentence."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.host.debian import SEARCH_PATH

#: Seconds that a program may take unless its caller knows better.
LIMIT = 60.0


class HostError(LocalCloudError):
    """Raised when the host could not do what was asked of it: a program failed, is missing, or took too long."""


def try_run(command: Sequence[str | Path], *, text: str = "", limit: float = LIMIT) -> subprocess.CompletedProcess[str]:
    """Run a program and return how it ended; standard error is part of its output.

    Args:
        command: the program and its arguments.
        text: what it reads on standard input.
        limit: seconds after which it is killed.

    Raises:
        HostError: it is not installed, or did not end in time.
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
    """Run a program that must succeed and return what it printed.

    Raises:
        HostError: it failed; the message has the end of its output.
    """
    done = try_run(command, text=text, limit=limit)
    if done.returncode:
        raise HostError(
            f"exit status {done.returncode}",
            where=" ".join(map(str, command))[:300],
            evidence=done.stdout.strip()[-800:],
        )
    return done.stdout
