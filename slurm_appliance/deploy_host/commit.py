"""The git commit of a folder, and who works on this machine. Standard library only."""

import getpass
import os
import subprocess
from pathlib import Path

from slurm_appliance import __version__
from toolchain.paths import REPOSITORY


def commit_of(folder: Path) -> str:
    """The commit of a folder's checkout, with ``+`` if files differ from it; empty outside git."""
    return _git(folder, "describe", "--always", "--abbrev=40", "--match", "", "--dirty=+")


def run_origin(stacks: Path) -> tuple[str, dict[str, str]]:
    """Who runs an update of a stack, and from which commit, for its history.

    Args:
        stacks: the folder of stack files.

    Returns:
        The title of the stack files' commit; the rest by name, ``git.*`` as Pulumi names it.
    """
    commit = commit_of(stacks)
    about = {
        "slurm-appliance.user": operator(),
        "slurm-appliance.version": version(),
        "git.head": commit.removesuffix("+"),
        "git.dirty": "true" if commit.endswith("+") else "",
        "git.author": _git(stacks, "log", "-1", "--format=%an"),
    }
    return _git(stacks, "log", "-1", "--format=%s"), {name: value for name, value in about.items() if value}


def operator() -> str:
    """The user and the machine of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # A container's user may have no name.
    return f"{user}@{os.uname().nodename}"


def version() -> str:
    """The version of slurm-appliance, with its commit if it runs from a checkout."""
    # An installed package may lie in somebody else's checkout.
    commit = commit_of(REPOSITORY) if (REPOSITORY / ".git").exists() else ""
    dirty = "+" if commit.endswith("+") else ""
    return f"{__version__} ({commit[:10]}{dirty})" if commit else __version__


def _git(folder: Path, *words: str) -> str:
    try:
        ended = subprocess.run(["git", *words], cwd=folder, check=False, capture_output=True, text=True)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""
