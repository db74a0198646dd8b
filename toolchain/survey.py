"""Surveys the machine: gathers the facts for the plan."""

import os
import shutil
import subprocess
from pathlib import Path

from toolchain import build, go, pins, release, sums
from toolchain.facts import EngineOnPath, MachineFacts
from toolchain.paths import cache_folder
from toolchain.pieces import Piece


def user_home() -> Path:
    """The user's own Pulumi home: logins, chosen stacks, plugins. Never a folder that we assembled."""
    named = os.environ.get("PULUMI_HOME", "")
    ours = bool(named) and Path(named).is_relative_to(cache_folder())
    return Path(named) if named and not ours else Path.home() / ".pulumi"


def users_path() -> str:
    """PATH without our own folders."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder).is_relative_to(cache_folder()))


def gather() -> MachineFacts:
    """Survey the machine; does not query the download site."""
    return MachineFacts(
        engine_on_path=_engine_on_path(),
        installed=release.plugins_in(user_home()),
        released=release.pieces(),
        built={piece: path for piece in Piece if (path := build.binary(piece)).exists()},
        go=go.available(),
        checkable=frozenset(sums.known()),
    )


def _engine_on_path() -> EngineOnPath | None:
    found = shutil.which(Piece.ENGINE, path=users_path())
    if not found:
        return None
    path = Path(found)
    try:
        answer = subprocess.run(
            [found, "version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        answer = ""  # The plan reports that its version is unknown.
    beside = path.resolve().parent / Piece.LANGUAGE_HOST
    host = beside if beside.exists() else shutil.which(Piece.LANGUAGE_HOST, path=users_path())
    return EngineOnPath(path, pins.parse(answer), Path(host) if host else None)
