"""Pulp's own virtual environment, installed from a lock with hashes; shared by all mirrors of this user."""

import hashlib
import os
from pathlib import Path

from toolchain.bootstrap import environment_folder, make_environment
from toolchain.paths import REPOSITORY

_LOCK = REPOSITORY / "mirror/requirements/mirror.txt"


def lock_digest() -> str:
    """Identifies the versions of Pulp and its dependencies."""
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]


def environment() -> Path:
    """The environment's folder, created if missing (about half a minute, 300 MB).

    Raises:
        BootstrapError: it cannot be created.
    """
    folder = environment_folder(_LOCK)
    # The mirror's user must be able to read it, whatever root's umask is.
    before = os.umask(0o022)
    try:
        if not (folder / "ready").exists():
            make_environment(folder, _LOCK)
    finally:
        os.umask(before)
    return folder


def program(folder: Path, name: str) -> str:
    """The path of a program in the environment."""
    return str(folder / "bin" / name)
