"""Assembles a toolchain: one folder that serves as ``PULUMI_HOME`` and has the programs in ``bin``.

It contains plugins in Pulumi's own layout, because a plugin found on PATH costs a warning in every run. The user's
logins and selected stacks stay in the user's own Pulumi home.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from toolchain.once import exclusively, fresh_folder
from toolchain.paths import cache_folder
from toolchain.pieces import InstalledPiece, Origin, Piece
from toolchain.survey import user_home

#: Part of a folder's name: its content besides the pieces.
_LAYOUT = "no logs"

_NO_LOGS = """\
This file keeps the engine from writing its own log, which would record everything, cost a quarter of its time, and be
unencrypted until the engine knows the stack. Remove it to get that log. slurm-appliance keeps logs per environment.
"""


def assemble(provisions: Sequence[InstalledPiece]) -> Path:
    """The folder for these pieces, created if missing. The same pieces always give the same folder."""
    content = hashlib.sha256(f"{user_home()}\0{_LAYOUT}".encode())
    for provision in provisions:
        content.update(f"\0{provision.piece}\0{provision.path}".encode())
    home = cache_folder("pulumi-home", content.hexdigest()[:16])
    # On each run: a cache that was copied to another machine has a link to it.
    (user_home() / "workspaces").mkdir(parents=True, exist_ok=True)
    with exclusively(home):
        if not home.exists():
            with fresh_folder(home) as folder:
                _fill(folder, provisions)
    return home


def _fill(folder: Path, provisions: Sequence[InstalledPiece]) -> None:
    programs = folder / "bin"
    programs.mkdir()
    for provision in provisions:
        if provision.piece.plugin:
            target = folder / "plugins" / f"resource-{provision.piece.plugin}-v{provision.version}"
            target.mkdir(parents=True)
            (target / provision.piece).symlink_to(provision.path)
        elif provision.piece is Piece.ENGINE and provision.origin is Origin.BUILT:
            # The engine looks for language hosts next to its resolved path, and warns about others.
            _same_file(provision.path, programs / provision.piece)
        else:
            (programs / provision.piece).symlink_to(provision.path)
        if provision.piece is Piece.LANGUAGE_HOST and provision.origin is not Origin.PATH:
            # The host's launcher script, which it looks for next to itself and then on PATH.
            launcher = f"{Piece.LANGUAGE_HOST}-exec"
            (programs / launcher).symlink_to(provision.path.with_name(launcher))
    # Before the first run of the engine, which would create a folder there.
    (folder / "logs").write_text(_NO_LOGS)
    (folder / "workspaces").symlink_to(user_home() / "workspaces")


def _same_file(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # Another file system, or one without hard links.
        shutil.copy2(source, target)
