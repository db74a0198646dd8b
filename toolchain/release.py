"""Released pieces: whether the download site answers, what was downloaded before, how a plugin is installed."""

import os
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from toolchain import pins
from toolchain.errors import ReleaseError
from toolchain.once import exclusively, fresh_folder
from toolchain.paths import cache_folder
from toolchain.pieces import Piece
from toolchain.progress import step

#: Installs the released engine of a version into a folder: the automation API's own installer, handed in by the one
#: module that may import pulumi.
EngineInstaller = Callable[[Path, str], None]


def answers() -> bool:
    """Whether the download site answers in time, through whatever proxy the environment names."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(f"https://{pins.DOWNLOAD_SITE}/", method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=pins.DOWNLOAD_SITE_PATIENCE):  # noqa: S310 - https
                answered.set()
        except (OSError, urllib.error.URLError):
            return  # No answer is an answer: the plan builds.

    # A thread of its own: looking up a name has no time limit.
    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(pins.DOWNLOAD_SITE_PATIENCE)


def _engine_folder() -> Path:
    return cache_folder("toolchain", f"released-pulumi-{pins.ENGINE}")


def _plugins_home() -> Path:
    return cache_folder("toolchain", "released-plugins")


def pieces() -> dict[Piece, Path]:
    """What we downloaded earlier, of the pinned versions."""
    found = plugins_in(_plugins_home())
    for piece in (Piece.ENGINE, Piece.LANGUAGE_HOST):
        path = _engine_folder() / "bin" / piece
        if path.exists():
            found[piece] = path
    return found


def plugins_in(home: Path) -> dict[Piece, Path]:
    """The plugins of the pinned versions that are completely installed in a Pulumi home."""
    found = {}
    for piece in Piece:
        if piece.plugin:
            folder = home / "plugins" / f"resource-{piece.plugin}-v{piece.pin}"
            # Pulumi leaves this mark beside the folder while it installs.
            if (folder / piece).exists() and not folder.with_name(f"{folder.name}.partial").exists():
                found[piece] = folder / piece
    return found


def install_engine(installer: EngineInstaller, why: str) -> None:
    """Install the released engine with its language hosts.

    Raises:
        ReleaseError: the installer failed.
    """
    folder = _engine_folder()
    with exclusively(folder):
        if not folder.exists():
            with step(f"installing the released pulumi {pins.ENGINE}", why), fresh_folder(folder) as target:
                try:
                    installer(target, pins.ENGINE)
                except (OSError, subprocess.SubprocessError) as error:
                    raise ReleaseError(f"its installer failed: {error}", where=Piece.ENGINE) from error


def install_plugin(piece: Piece, pulumi: Path, why: str) -> None:
    """Install a released plugin with the engine's own command.

    Raises:
        ReleaseError: the command failed.
    """
    home = _plugins_home()
    with exclusively(home):
        if piece not in plugins_in(home):
            with step(f"installing the released {piece.plugin} plugin {piece.pin}", why):
                done = subprocess.run(
                    [pulumi, "plugin", "install", "resource", piece.plugin, piece.pin],
                    env={**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise ReleaseError(f"its installation failed: {done.stderr.strip()[-2000:]}", where=piece)
