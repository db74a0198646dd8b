"""The Python environment that child processes use."""

import os
from pathlib import Path


def use_environment(folder: Path) -> None:
    """Make the programs of a Python environment the first of this process and its children."""
    os.environ["VIRTUAL_ENV"] = str(folder)
    binaries = str(folder / "bin")
    path = os.environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != binaries:
        os.environ["PATH"] = f"{binaries}{os.pathsep}{path}"
