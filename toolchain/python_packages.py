"""How Python packages are installed: from locks, every file checked by its hash, nothing built but what is named here.

The one place that calls pip or uv. A source package runs code of its own when it is built, and would fetch what it
needs for that unchecked. So packages come as wheels; the few that their authors publish as source only are built with
what `BUILD_LOCK` has, installed before them.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from toolchain.paths import REPOSITORY

#: What building the packages below takes, with hashes.
BUILD_LOCK: Final = REPOSITORY / "requirements/build.txt"

#: Packages without a wheel on the package index, and what needs them.
FROM_SOURCE: Final = {
    "drf-access-policy": "pulpcore",
    "ovs": "neutron, os-ken and ovsdbapp",
    "simplegeneric": "WSME, which glance needs",
}

#: The faster installer: its package, its program and the name of its lock.
UV: Final = "uv"

_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def pip_commands(python: Path, lock: Path, *options: str) -> list[list[str]]:
    """The commands that install a lock into an environment, to be run one after the other.

    Args:
        python: the environment's interpreter.
        lock: requirements with hashes.
        options: more options of ``pip install``.
    """
    return [[str(python), *_PIP, "install", *options, *checked] for checked in _checked(lock)]


def uv_commands(uv: Path, python: Path, lock: Path) -> list[list[str]]:
    """The same by uv, which is faster."""
    install = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode"]
    return [[*install, *checked] for checked in _checked(lock)]


def pip_settings(python: Path) -> str:
    """What ``pip config list`` prints: the site's package index, certificates, proxy."""
    return subprocess.run([str(python), *_PIP, "config", "list"], capture_output=True, text=True, check=False).stdout


def uv_of(environment: Path) -> Path:
    """Where uv lies in an environment that has it."""
    return environment / "bin" / UV


def _checked(lock: Path) -> list[Sequence[str]]:
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    checked = ["--require-hashes", "--only-binary", ":all:"]
    built = sorted(locked & FROM_SOURCE.keys())
    if not built:
        return [[*checked, "-r", str(lock)]]
    source = [word for name in built for word in ("--no-binary", name)]
    return [[*checked, "-r", str(BUILD_LOCK)], [*checked, *source, "--no-build-isolation", "-r", str(lock)]]
