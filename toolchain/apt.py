"""Installs Debian packages on this machine: the only place that runs ``apt-get install`` here."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

from toolchain.errors import ToolchainError

#: Seconds to wait for another package manager, such as the updates that a new machine installs by itself.
_PATIENCE = 900
_INTERVAL = 2.0
#: apt's words for a lock of another process: dpkg's, that of the package lists or that of the archives.
_LOCKED = "E: Could not get lock"


class PackageInstallError(ToolchainError):
    """Raised when apt-get is missing, fails, or waits too long for another package manager."""


def install(packages: Sequence[str], waiting: Callable[[str], None] = lambda _said: None) -> None:
    """Install Debian packages without recommended ones; update the package lists and retry if that fails.

    Args:
        packages: their names.
        waiting: called once with apt's words if another package manager holds a lock.

    Raises:
        PackageInstallError: they could not be installed.
    """
    names = ", ".join(packages)
    if shutil.which("apt-get") is None:
        raise PackageInstallError(
            f"needs the Debian packages {names}, but apt-get is missing",
            remedy="install the programs with your distribution's package manager",
        )
    command = ["install", "--yes", "--quiet", "--no-install-recommends", *packages]
    deadline = time.monotonic() + _PATIENCE
    done = _apt(command, waiting, deadline)
    locked = _LOCKED in done.stdout
    # Package lists are missing or outdated; a signal that ended apt-get was for this command, too.
    if done.returncode > 0 and not locked:
        _apt(["update", "--quiet"], waiting, deadline)
        done = _apt(command, waiting, deadline)
        locked = _LOCKED in done.stdout
    if done.returncode:
        raise PackageInstallError(
            f"apt-get cannot install {names}: exit status {done.returncode}",
            evidence="\n".join(done.stdout.splitlines()[-15:]),
            remedy="wait until the other package manager ends, and try again"
            if locked
            else f"check that the machine's package sources are reachable, or install {names} yourself",
        )


def _apt(
    arguments: Sequence[str], waiting: Callable[[str], None], deadline: float
) -> "subprocess.CompletedProcess[str]":
    """Run apt-get; wait until the deadline while another package manager is at work."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    said = False
    while True:
        done = subprocess.run(
            ["apt-get", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=environment, check=False,
        )  # fmt: skip
        lock = next((line for line in done.stdout.splitlines() if line.startswith(_LOCKED)), "")
        if not done.returncode or not lock or time.monotonic() > deadline:
            return done
        if not said:
            waiting(lock.removeprefix("E: "))
            said = True
        time.sleep(_INTERVAL)
