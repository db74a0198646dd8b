"""Decides where each piece of the toolchain comes from: facts in, actions with reasons out. Runs nothing.

Released pieces are preferred if the repository has their checksums. Existing pieces are used as they are, so a complete
toolchain needs no network; the download site is only queried if a missing piece could be verified, and building is the
last resort.
"""

from dataclasses import dataclass

from toolchain import pins
from toolchain.facts import MachineFacts
from toolchain.pieces import InstalledPiece, Origin, Piece

_ENGINE_PIECES = (Piece.ENGINE, Piece.LANGUAGE_HOST)


@dataclass(frozen=True)
class Install:
    """Install a released piece from the download site; the language host is part of the engine's archive."""

    piece: Piece
    why: str


@dataclass(frozen=True)
class InstallGo:
    """Install Go for the following builds."""

    why: str


@dataclass(frozen=True)
class Build:
    """Build a piece from our Go modules."""

    piece: Piece
    why: str


Action = InstalledPiece | Install | InstallGo | Build


def incomplete(facts: MachineFacts) -> bool:
    """Whether a missing piece has a release that can be verified, so that the download site is worth querying."""
    return any(at_hand(facts, piece) is None and piece in facts.checkable for piece in Piece)


def make_plan(facts: MachineFacts) -> tuple[Action, ...]:
    """The actions for all pieces, in order; facts must say whether the site responds if it is needed."""
    actions: list[Action] = []
    for piece in Piece:
        present, downloadable = at_hand(facts, piece), facts.site_answers and piece in facts.checkable
        if present and not (present.origin is Origin.BUILT and downloadable):
            actions.append(present)
        elif downloadable:
            actions.append(Install(piece, f"missing, and {pins.DOWNLOAD_SITE} responds"))
        else:
            actions.append(Build(piece, _why_build(facts, piece)))
    if any(isinstance(action, Build) for action in actions) and facts.go is None:
        actions.insert(0, InstallGo(f"no Go {pins.show(pins.GO_FLOOR)} or newer on PATH"))
    return tuple(actions)


def unsuitable(facts: MachineFacts) -> str:
    """Why the ``pulumi`` on PATH is not used; empty if it is."""
    engine = facts.engine_on_path
    if engine is None:
        return "no pulumi on PATH"
    if engine.version is None:
        return f"{engine.path} does not report its version"
    if engine.version < pins.ENGINE_FLOOR or engine.version[0] != pins.ENGINE_FLOOR[0]:
        needed = f"{pins.show(pins.ENGINE_FLOOR)} or newer with the same major version"
        return f"{engine.path} is {pins.show(engine.version)}; required is {needed}"
    if engine.language_host is None:
        return f"{Piece.LANGUAGE_HOST} is neither next to {engine.path} nor on PATH"
    return ""


def at_hand(facts: MachineFacts, piece: Piece) -> InstalledPiece | None:
    """The existing piece from the best origin, or None."""
    engine, reason = facts.engine_on_path, "the pinned version"
    if piece in _ENGINE_PIECES:
        reason = unsuitable(facts)
        if engine and engine.version and engine.language_host and not reason:
            path = engine.path if piece is Piece.ENGINE else engine.language_host
            return InstalledPiece(piece, pins.show(engine.version), Origin.PATH, path, "on PATH and new enough")
    for origin, paths in (
        (Origin.INSTALLED, facts.installed),
        (Origin.RELEASED, facts.released),
        (Origin.BUILT, facts.built),
    ):
        if piece in paths:
            # A language host belongs to its own engine: a downloaded one is in the engine's archive.
            version = pins.ENGINE if origin is Origin.RELEASED and piece in _ENGINE_PIECES else piece.pin
            return InstalledPiece(piece, version, origin, paths[piece], f"{reason}; {_KEPT[origin]}")
    return None


_KEPT = {
    Origin.INSTALLED: "in your Pulumi home",
    Origin.RELEASED: "downloaded earlier",
    Origin.BUILT: "built earlier from the same sources",
}


def _why_build(facts: MachineFacts, piece: Piece) -> str:
    reason = f"{unsuitable(facts)}, and " if piece in _ENGINE_PIECES else "missing, and "
    if piece not in facts.checkable:
        return f"{reason}toolchain/sums.txt has no checksum of its release for this machine"
    return reason + (facts.site_problem or f"{pins.DOWNLOAD_SITE} does not respond")
