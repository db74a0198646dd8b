"""Who works on this machine, and from which commits. Standard library only."""

import getpass
import os
from pathlib import Path

from slurm_appliance import __version__
from toolchain.commit import commit, described, git_output


def run_origin(stacks: Path) -> tuple[str, dict[str, str]]:
    """Who runs an update of a stack, and from which commit, for its history.

    Args:
        stacks: the folder of stack files.

    Returns:
        The title of the stack files' commit; the rest by name, ``git.*`` as Pulumi names it.
    """
    head = described(stacks)
    about = {
        "slurm-appliance.user": operator(),
        "slurm-appliance.version": version(),
        "git.head": head.removesuffix("+"),
        "git.dirty": "true" if head.endswith("+") else "",
        "git.author": git_output(stacks, "log", "-1", "--format=%an"),
    }
    return git_output(stacks, "log", "-1", "--format=%s"), {name: value for name, value in about.items() if value}


def operator() -> str:
    """The user and the machine of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # A container's user may have no name.
    return f"{user}@{os.uname().nodename}"


def version() -> str:
    """The version of slurm-appliance, with its commit where that is known."""
    found = commit()
    dirty = "+" if found.endswith("+") else ""
    return f"{__version__} ({found[:10]}{dirty})" if found else __version__
