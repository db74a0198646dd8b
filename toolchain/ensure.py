"""Makes sure that pulumi, its Python language host and the plugins are installed: the toolchain's entry point."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toolchain import build, go, pins, release
from toolchain.errors import ReleaseError
from toolchain.facts import MachineFacts
from toolchain.home import assemble
from toolchain.pieces import InstalledPiece, Origin, Piece
from toolchain.plan import Action, Build, Install, InstallGo, incomplete, make_plan
from toolchain.progress import say
from toolchain.survey import gather, user_home, users_path


@dataclass(frozen=True)
class Toolchain:
    """A complete toolchain.

    Attributes:
        provisions: each piece with its version, origin, path and reason.
        home: the folder that is ``PULUMI_HOME``.
    """

    provisions: tuple[InstalledPiece, ...]
    home: Path

    @property
    def programs(self) -> Path:
        """The folder to put first on PATH."""
        return self.home / "bin"

    def variables(self) -> dict[str, str]:
        """The environment variables with which a child process uses this toolchain."""
        folders = [str(self.programs), str(Path(sys.prefix) / "bin")]
        folders += [folder for folder in users_path().split(os.pathsep) if folder not in folders]
        return {
            # Then the programs of this Python environment: the language host runs programs with its python3.
            "PATH": os.pathsep.join(folders),
            "VIRTUAL_ENV": sys.prefix,
            "PULUMI_HOME": str(self.home),
            # The user's `pulumi login` must outlive this folder.
            "PULUMI_CREDENTIALS_PATH": os.environ.get("PULUMI_CREDENTIALS_PATH", str(user_home())),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # All plugins are installed. The engine's own downloads would not be verified.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


def ensure() -> Toolchain:
    """Install missing pieces and return the toolchain. Progress goes to standard error.

    Raises:
        ToolchainError: a piece can be neither installed nor built.
    """
    _, actions = survey_and_plan()
    try:
        provisions = _carry_out(actions)
    except ReleaseError as error:
        say(str(error))
        say("building from source instead")
        facts = replace(gather(), site_answers=False, site_problem=f"downloading from {pins.DOWNLOAD_SITE} failed")
        provisions = _carry_out(make_plan(facts))
    return Toolchain(provisions, assemble(provisions))


def survey_and_plan() -> tuple[MachineFacts, tuple[Action, ...]]:
    """Survey the machine, query the download site if something is missing, and plan. Changes nothing."""
    facts = gather()
    if incomplete(facts):
        facts = replace(facts, site_answers=release.answers())
    return facts, make_plan(facts)


def _carry_out(actions: Sequence[Action]) -> tuple[InstalledPiece, ...]:
    provisions: dict[Piece, InstalledPiece] = {}
    for action in actions:
        match action:
            case InstalledPiece():
                provisions[action.piece] = action
            case InstallGo(why):
                go.install(why)
            case Build(piece, why):
                provisions[piece] = InstalledPiece(piece, piece.pin, Origin.BUILT, build.build(piece, why), why)
            case Install(piece, why) if piece.plugin:
                release.install_plugin(piece, provisions[Piece.ENGINE].path, why)
                provisions[piece] = _released(piece, why)
            case Install(piece, why):
                release.install_engine(why)
                provisions[piece] = _released(piece, why)
    return tuple(provisions[piece] for piece in Piece)


def _released(piece: Piece, why: str) -> InstalledPiece:
    version = piece.pin if piece.plugin else pins.ENGINE
    path = release.pieces().get(piece)
    if path is None:
        raise ReleaseError("its installer reported success, but the program is missing", where=piece)
    return InstalledPiece(piece, version, Origin.RELEASED, path, why)
