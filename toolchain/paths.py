"""Folders: of the product's files, and of cached and stored data, which are outside of them and named by content.

Standard library only: the bootstrap imports this before any virtual environment exists.
"""

import os
from pathlib import Path

#: The product's files, which are only read: the checkout that this file belongs to, or an installed wheel's folder.
REPOSITORY = Path(__file__).resolve().parent.parent

_NAME = "slurm-appliance"


def is_checkout() -> bool:
    """Whether the product's files are a checkout, with its tests and stacks, and not an installed wheel."""
    return (REPOSITORY / "tests").is_dir()


def _base(variable: str, default: str) -> Path:
    """The XDG base folder set in an environment variable, or its default below the home folder."""
    named = os.environ.get(variable, "")
    # The XDG specification says to ignore relative paths there.
    return Path(named) if Path(named).is_absolute() else Path.home() / default


def cache_folder(*parts: str) -> Path:
    """Folder of data that can be created again: environments, built binaries, images. Not created here."""
    return _base("XDG_CACHE_HOME", ".cache").joinpath(_NAME, *parts)


def state_folder(*parts: str) -> Path:
    """Folder of data that cannot be created again: run records, the local cloud's data. Not created here."""
    return _base("XDG_STATE_HOME", ".local/state").joinpath(_NAME, *parts)
