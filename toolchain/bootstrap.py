"""Creates the virtual environment if it is missing, then runs the command line in it.

The ``slurm-appliance`` script runs this with the machine's Python (3.11 or newer), so: standard library only. There are
two environments, from two locks with hashes: ``user`` for operators and ``dev`` for ``test`` and ``check``. Each is in
the user's cache folder, in a folder named by the lock's content and the interpreter: checkouts share it, and a changed
lock never uses an old environment.
"""

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from toolchain.active import use_environment  # noqa: E402 - the line above makes these importable
from toolchain.errors import ToolchainError  # noqa: E402
from toolchain.paths import REPOSITORY, cache_folder  # noqa: E402
from toolchain.python_packages import pip_commands  # noqa: E402

#: Commands that need the development environment.
DEVELOPMENT_COMMANDS = frozenset({"test", "check", "lock"})


class BootstrapError(ToolchainError):
    """Raised when a virtual environment cannot be created."""


def environment_kind(arguments: list[str]) -> str:
    """``dev`` or ``user``: the environment that these command-line arguments need."""
    if os.environ.get("SLURM_APPLIANCE_ENVIRONMENT") in ("dev", "user"):
        return os.environ["SLURM_APPLIANCE_ENVIRONMENT"]
    command = next((word for word in arguments if not word.startswith("-")), "")
    return "dev" if command in DEVELOPMENT_COMMANDS else "user"


def environment_folder(lock: Path) -> Path:
    """The folder of a lock's environment, determined by the lock's content and the interpreter."""
    digest = hashlib.sha256(lock.read_bytes())
    digest.update(f"{sys.version}\0{sysconfig.get_platform()}\0{sys.base_prefix}".encode())
    return cache_folder("environments", f"{lock.stem}-{digest.hexdigest()[:16]}")


def make_environment(folder: Path, lock: Path) -> None:
    """Create the environment and install the lock into it; once, even if several processes call this in parallel.

    Raises:
        BootstrapError: the cache cannot be written, the interpreter has no venv module, a package cannot be installed.
    """
    try:
        _make(folder, lock)
    except OSError as error:
        remedy = "free space or fix its permissions, or set another cache folder: XDG_CACHE_HOME"
        raise BootstrapError(f"cannot be created: {error.strerror}", where=str(folder), remedy=remedy) from error


def _make(folder: Path, lock: Path) -> None:
    ready = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if ready.exists():
            return
        print(f"slurm-appliance: first start, creating the Python environment in {folder} ...", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        _run(
            [sys.executable, "-m", "venv", str(folder)],
            f"Python {platform.python_version()} cannot create a virtual environment",
            "install the module venv (Debian: apt install python3-venv)",
        )
        for command in pip_commands(folder / "bin/python", lock):
            _run(
                command,
                f"the packages of {lock.relative_to(REPOSITORY)} cannot be installed",
                "check that a package index is reachable (see pip's output above, and: pip config list)",
            )
        ready.touch()


def _run(command: list[str], failure: str, remedy: str) -> None:
    # Standard output is for the user's command; this is preparation.
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise BootstrapError(failure, evidence=f"the command was: {shlex.join(command)}", remedy=remedy)


def link_environment(folder: Path) -> None:
    """Link the checkout's ``.venv`` to the operators' environment, where plain ``pulumi up`` looks (Pulumi.yaml)."""
    link = REPOSITORY / ".venv"
    if link.is_symlink() and os.readlink(link) == str(folder):
        return
    if link.exists() and not link.is_symlink():
        return  # The user's own environment: keep it.
    fresh = REPOSITORY / f".venv.{os.getpid()}"
    try:
        fresh.symlink_to(folder)
        fresh.replace(link)
    except OSError as error:
        # A read-only checkout works too: only plain `pulumi up` needs the link.
        print(
            f"slurm-appliance: cannot create the link {link} ({error.strerror}); plain 'pulumi up' needs it",
            file=sys.stderr,
        )


def main(arguments: list[str]) -> None:
    """Replace this process with the command line in the right environment."""
    kind = environment_kind(arguments)
    lock = REPOSITORY / "requirements" / f"{kind}.txt"
    folder = environment_folder(lock)
    try:
        if not (folder / "ready").exists():
            make_environment(folder, lock)
    except BootstrapError as error:
        sys.exit(f"slurm-appliance: {error}")
    if kind == "user":
        link_environment(folder)
    use_environment(folder)
    python = str(folder / "bin/python")
    os.execv(python, [python, str(REPOSITORY / "slurm_appliance/__main__.py"), *arguments])  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main(sys.argv[1:])
