"""The commit of the product's files: of the checkout, or of the one that an installed wheel was built from."""

import subprocess
from pathlib import Path

from toolchain.paths import REPOSITORY

#: The file of a wheel, and of a source distribution, with its commit.
COMMIT_FILE = "commit.txt"


def commit(folder: Path = REPOSITORY) -> str:
    """The commit, with ``+`` if files differ from it; empty if it is not known."""
    if not (folder / ".git").exists():  # An installed product may lie inside somebody's checkout of something else.
        recorded = folder / COMMIT_FILE
        return recorded.read_text(encoding="utf-8").strip() if recorded.is_file() else ""
    return described(folder)


def described(folder: Path) -> str:
    """The commit of the checkout that a folder is in, with ``+`` if files differ from it; empty outside git."""
    return git_output(folder, "describe", "--always", "--abbrev=40", "--match", "", "--dirty=+")


def git_output(folder: Path, *words: str) -> str:
    """What git says in a folder; empty where it fails, or where there is no git."""
    try:
        ended = subprocess.run(["git", *words], cwd=folder, check=False, capture_output=True, text=True)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""
