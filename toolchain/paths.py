"""Where the project keeps what is slow to make: outside the checkout, one folder a kind, named by content.

Standard library only: the bootstrap imports this before any virtual environment exists.
"""

import os
from pathlib import Path

#: The checkout that this file belongs to.
REPOSITORY = Path(__file__).resolve().parent.parent

_NAME = "slurm-appliance"


def _base(variable: str, default: str) -> Path:
    """The XDG base folder named by an environment variable, or its default below the home folder."""
    named = os.environ.get(variable, "")
    # The XDG specification says that a relative path there is to be ignored.
    return Path(named) if Path(named).is_absolute() else Path.home() / default


def cache_folder(*parts: str) -> Path:
    """Things that can be made again at any time: environments, built binaries, images. Not created here."""
    return _base("XDG_CACHE_HOME", ".cache").joinpath(_NAME, *parts)


def state_folder(*parts: str) -> Path:
    """Things that cannot be made again: run records, the local cloud's data. Not created here."""
    return _base("XDG_STATE_HOME", ".local/state").joinpath(_NAME, *parts)
