"""Virtual environments for the OpenStack services and for tempest, installed from locks with hashes.

uv installs them, and pip installs uv from a lock: 28 s instead of 77 s for the services' 170 packages. uv does not read
pip's configuration, so pip's settings (index, certificates, wheel folders) are passed on to it.
"""

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from localcloud.errors import InstallError
from localcloud.host.layout import REQUIREMENTS, cloud_cache
from toolchain import python_packages

#: pip's settings and the equivalent variables of uv.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "HTTPS_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "no-index": "UV_NO_INDEX",
}

#: uv separates several find-links by commas, pip by spaces.
_COMMA_LISTS = frozenset({"UV_FIND_LINKS"})


def lock_file(name: str) -> Path:
    """The lock file of an environment: ``cloud``, ``share`` or ``tempest``."""
    return REQUIREMENTS / f"{name}.txt"


def environment_folder(name: str) -> Path:
    """The folder of an environment, determined by its lock file and interpreter."""
    digest = hashlib.sha256(lock_file(name).read_bytes())
    digest.update(f"{sys.version}\0{sysconfig.get_platform()}\0{sys.base_prefix}".encode())
    return cloud_cache("environments", f"{name}-{digest.hexdigest()[:16]}")


def is_ready(name: str) -> bool:
    """Whether the environment exists and is complete."""
    return (environment_folder(name) / "ready").exists()


def make_environment(name: str) -> Path:
    """Create the environment's folder if it is missing; once, even if several processes call this in parallel.

    Raises:
        InstallError: a package cannot be installed.
    """
    folder = environment_folder(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if is_ready(name):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], dict(os.environ))
        python = folder / "bin/python"
        for command in python_packages.pip_commands(python, lock_file(python_packages.UV)):
            _run(command, dict(os.environ))
        settings = uv_settings(python_packages.pip_settings(python), os.environ)
        for command in python_packages.uv_commands(python_packages.uv_of(folder), python, lock_file(name)):
            _run(command, {**os.environ, **settings})
        (folder / "ready").touch()
    return folder


def uv_settings(pip_configuration: str, environment: Mapping[str, str]) -> dict[str, str]:
    """uv's environment variables for pip's configuration.

    Args:
        pip_configuration: the output of ``pip config list``: ``global.index-url='https://...'`` per line. Settings from
            pip's environment variables are among them, as ``:env:.index-url``.
        environment: existing variables; those of uv override pip's settings.
    """
    settings: dict[str, str] = {}
    # Sorted by precedence: files before the environment, whose lines begin with a colon.
    for line in sorted(pip_configuration.splitlines(), key=lambda line: line.startswith(":env:")):
        key, separator, value = line.partition("=")
        variable = _SETTINGS.get(key.rpartition(".")[2])
        if separator and variable and variable not in environment:
            # A Python string literal; several values are separated by white space.
            words = str(ast.literal_eval(value)).split()
            settings[variable] = ("," if variable in _COMMA_LISTS else " ").join(words)
    return settings


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(
            f"{Path(command[0]).name} failed with exit status {done.returncode}",
            where=" ".join(command),
            evidence="\n".join((done.stdout + done.stderr).splitlines()[-15:]),
            remedy="check that a package index is reachable; pip's configuration is used: pip config list",
        )
