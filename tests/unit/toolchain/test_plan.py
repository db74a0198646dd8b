"""Where each piece of the toolchain comes from: a table of machines, and what is done on each."""

from pathlib import Path

import pytest

from toolchain.facts import EngineOnPath, MachineFacts
from toolchain.pieces import InstalledPiece, Origin, Piece
from toolchain.plan import Build, Install, InstallGo, incomplete, make_plan, unsuitable

GO = Path("/usr/bin/go")
HOST = Path("/opt/pulumi/pulumi-language-python")
GOOD = EngineOnPath(Path("/opt/pulumi/pulumi"), (3, 259, 0), HOST)
OLD = EngineOnPath(Path("/opt/pulumi/pulumi"), (3, 100, 0), HOST)
PLUGINS = {Piece.OPENSTACK: Path("/plugins/openstack"), Piece.COMMAND: Path("/plugins/command")}
EVERY = frozenset(Piece)
ALL = {piece: Path("/cache") / piece for piece in Piece}


def outcome(facts: MachineFacts) -> dict[str, str]:
    """The plan as a word a piece; ``go`` where a Go has to be installed."""
    words: dict[str, str] = {}
    for action in make_plan(facts):
        match action:
            case InstalledPiece(piece=piece, origin=origin):
                words[piece.name.lower()] = origin
            case InstallGo():
                words["go"] = "install"
            case Install(piece, _):
                words[piece.name.lower()] = "install"
            case Build(piece, _):
                words[piece.name.lower()] = "build"
    return words


def words(engine: str, plugins: str, **more: str) -> dict[str, str]:
    return {"engine": engine, "language_host": engine, "openstack": plugins, "command": plugins, **more}


CASES = {
    "nothing here, site answers, no checksums": (MachineFacts(site_answers=True, go=GO), words("build", "build")),
    "nothing here, site answers, checksums of the engine alone": (
        MachineFacts(site_answers=True, go=GO, checkable=(Piece.ENGINE, Piece.LANGUAGE_HOST)),
        words("install", "build"),
    ),
    "built earlier, site answers, no checksums": (MachineFacts(built=ALL, site_answers=True), words("built", "built")),
    "everything is the user's own": (MachineFacts(engine_on_path=GOOD, installed=PLUGINS), words("PATH", "installed")),
    "nothing here, site answers": (MachineFacts(site_answers=True, checkable=EVERY), words("install", "install")),
    "nothing here, no site, Go": (MachineFacts(site_answers=False, go=GO), words("build", "build")),
    "nothing here, no site, no Go": (MachineFacts(site_answers=False), words("build", "build", go="install")),
    "pulumi on PATH, no plugins, site answers": (
        MachineFacts(GOOD, site_answers=True, checkable=EVERY),
        words("PATH", "install"),
    ),
    "pulumi on PATH, no plugins, no site": (MachineFacts(GOOD, site_answers=False, go=GO), words("PATH", "build")),
    "pulumi too old, site answers": (
        MachineFacts(OLD, PLUGINS, site_answers=True, checkable=EVERY),
        words("install", "installed"),
    ),
    "pulumi too old, no site": (MachineFacts(OLD, PLUGINS, site_answers=False, go=GO), words("build", "installed")),
    "downloaded earlier": (MachineFacts(released=ALL), words("released", "released")),
    "built earlier": (MachineFacts(built=ALL), words("built", "built")),
    "downloaded and built earlier": (MachineFacts(released=ALL, built=ALL), words("released", "released")),
    "built earlier, and a good pulumi has come": (MachineFacts(GOOD, built=ALL), words("PATH", "built")),
    "a plugin's source changed, no site": (
        MachineFacts(built={k: v for k, v in ALL.items() if k is not Piece.COMMAND}, site_answers=False, go=GO),
        words("built", "built") | {"command": "build"},
    ),
    "a plugin's source changed, site answers by now": (
        MachineFacts(
            built={k: v for k, v in ALL.items() if k is not Piece.COMMAND}, site_answers=True, checkable=EVERY
        ),
        words("install", "install"),
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_origin_of_each_piece(facts: MachineFacts, expected: dict[str, str]) -> None:
    assert outcome(facts) == expected


@pytest.mark.parametrize("facts", [case[0] for case in CASES.values()], ids=CASES)
def test_every_action_has_a_reason(facts: MachineFacts) -> None:
    assert all(action.why for action in make_plan(facts))


def test_the_engine_comes_before_the_plugins_that_it_installs() -> None:
    pieces = [
        action.piece
        for action in make_plan(MachineFacts(site_answers=True, checkable=EVERY))
        if isinstance(action, Install)
    ]
    assert pieces[0] is Piece.ENGINE


def test_go_comes_before_the_builds() -> None:
    assert isinstance(make_plan(MachineFacts(site_answers=False))[0], InstallGo)


def test_the_site_is_asked_only_when_something_is_missing_that_can_be_checked() -> None:
    assert incomplete(MachineFacts(checkable=EVERY))
    assert incomplete(MachineFacts(GOOD, checkable=EVERY))
    assert not incomplete(MachineFacts(GOOD, PLUGINS, checkable=EVERY))
    assert not incomplete(MachineFacts(built=ALL, checkable=EVERY))
    assert not incomplete(MachineFacts())
    assert not incomplete(MachineFacts(GOOD, checkable=(Piece.ENGINE, Piece.LANGUAGE_HOST)))


UNSUITABLE = {
    "none": (None, "no pulumi on PATH"),
    "old": (OLD, "is 3.100.0; required is 3.226.0 or newer with the same major version"),
    "next major": (EngineOnPath(Path("/p"), (4, 0, 0), HOST), "is 4.0.0"),
    "mute": (EngineOnPath(Path("/p"), None, HOST), "does not report its version"),
    "no language host": (EngineOnPath(Path("/p"), (3, 259, 0), None), "pulumi-language-python is neither"),
}


@pytest.mark.parametrize(("engine", "reason"), UNSUITABLE.values(), ids=UNSUITABLE)
def test_a_pulumi_that_will_not_do_is_named_with_its_reason(engine: EngineOnPath | None, reason: str) -> None:
    assert reason in unsuitable(MachineFacts(engine))


def test_the_floor_itself_will_do() -> None:
    assert unsuitable(MachineFacts(EngineOnPath(Path("/p"), (3, 226, 0), HOST))) == ""


def test_a_site_that_answered_but_did_not_deliver_is_named_as_the_reason() -> None:
    plan = make_plan(MachineFacts(checkable=EVERY, site_answers=False, site_problem="the site was of no use", go=GO))
    assert all("the site was of no use" in action.why for action in plan)


def test_a_downloaded_language_host_has_its_engines_version() -> None:
    versions = {a.piece: a.version for a in make_plan(MachineFacts(released=ALL)) if isinstance(a, InstalledPiece)}
    assert versions[Piece.LANGUAGE_HOST] == versions[Piece.ENGINE]
    assert all(
        a.origin is Origin.RELEASED for a in make_plan(MachineFacts(released=ALL)) if isinstance(a, InstalledPiece)
    )
