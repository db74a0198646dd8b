"""What the automation API and the language host would find out again before each operation, known already."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY
from toolchain.pieces import Piece

if TYPE_CHECKING:
    from pulumi.automation import LocalWorkspaceOptions, PulumiCommand, Stack

#: The folder with what answers the language host's question for packages instead of pip.
_LISTING = REPOSITORY / "toolchain" / "language"


def listing_variables(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables by which the language host's Python finds our listing of packages.

    Args:
        given: the user's environment; this process's by default.
    """
    users = (os.environ if given is None else given).get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(_LISTING), *([users] if users else [])])}


def engine_command(pieces: Toolchain) -> "PulumiCommand":
    """The engine, without starting it for its version, which the toolchain knows."""
    from pulumi.automation import PulumiCommand
    from semver import VersionInfo

    class KnownCommand(PulumiCommand):
        def __init__(self) -> None:
            (engine,) = (each for each in pieces.provisions if each.piece is Piece.ENGINE)
            self.command = str(pieces.programs / "pulumi")
            self.version = VersionInfo.parse(engine.version)

    return KnownCommand()


def existing_stack(name: str, options: "LocalWorkspaceOptions") -> "Stack":
    """A stack that exists, without asking the engine for it.

    Args:
        name: its name.
        options: options of its workspace.
    """
    from pulumi.automation import LocalWorkspace, Stack
    from pulumi.automation._stack import StackInitMode

    class KnownStack(Stack):
        def __init__(self) -> None:
            self.name, self.workspace = name, LocalWorkspace(**vars(options))
            self._mode = StackInitMode.SELECT

    return KnownStack()


@contextmanager
def without_summary(stack: "Stack") -> Iterator[None]:
    """Operations of a stack without the three runs of the engine for its outputs and its last update.

    They follow each operation, and read the whole state; the engine's events have said it all.
    """
    vars(stack).update(outputs=dict, info=lambda _show_secrets: "not asked for")
    try:
        yield
    finally:
        del vars(stack)["outputs"], vars(stack)["info"]
