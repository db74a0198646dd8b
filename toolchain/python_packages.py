"""Installs Python packages: from locks, with verified hashes, building only the packages listed here.

The only place that calls pip or uv. A source package runs its own code during its build and would download unverified
build requirements. So packages come as wheels; the few that are published only as source are built with the packages in
`BUILD_LOCK`, installed before them.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from toolchain.paths import REPOSITORY

#: Build requirements of the packages below, with hashes.
BUILD_LOCK: Final = REPOSITORY / "requirements/build.txt"

#: Packages without a wheel on the package index, and which packages need them.
FROM_SOURCE: Final = {
    "drf-access-policy": "pulpcore",
    "ovs": "neutron, os-ken and ovsdbapp",
    "simplegeneric": "WSME, which glance needs",
}

#: The faster installer: name of its package, program and lock.
UV: Final = "uv"

_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def pip_commands(python: Path, lock: Path, *options: str) -> list[list[str]]:
    """The commands that install a lock into an environment, in order.

    Args:
        python: the environment's interpreter.
        lock: requirements with hashes.
        options: more options of ``pip install``.
    """
    return [[str(python), *_PIP, "install", *options, *checked] for checked in _checked(lock)]


def uv_commands(uv: Path, python: Path, lock: Path) -> list[list[str]]:
    """The same commands for uv, which is faster."""
    install = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode"]
    return [[*install, *checked] for checked in _checked(lock)]


def pip_settings(python: Path) -> str:
    """The output of ``pip config list``: the site's package index, certificates, proxy."""
    return subprocess.run([str(python), *_PIP, "config", "list"], capture_output=True, text=True, check=False).stdout


def uv_of(environment: Path) -> Path:
    """The path of uv in an environment."""
    return environment / "bin" / UV


def _checked(lock: Path) -> list[Sequence[str]]:
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    checked = ["--require-hashes", "--only-binary", ":all:"]
    built = sorted(locked & FROM_SOURCE.keys())
    if not built:
        return [[*checked, "-r", str(lock)]]
    source = [word for name in built for word in ("--no-binary", name)]
    return [[*checked, "-r", str(BUILD_LOCK)], [*checked, *source, "--no-build-isolation", "-r", str(lock)]]
