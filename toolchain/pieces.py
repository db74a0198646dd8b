"""The pieces of the toolchain, where each can come from, and which one was chosen and why."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from toolchain import pins


class Piece(StrEnum):
    """A program that our ``pulumi up`` needs; the value is its name."""

    ENGINE = "pulumi"
    LANGUAGE_HOST = "pulumi-language-python"
    OPENSTACK = "pulumi-resource-openstack"
    COMMAND = "pulumi-resource-command"

    @property
    def plugin(self) -> str:
        """The name of a resource plugin (``openstack``); empty for the engine and its language host."""
        return self.value.removeprefix("pulumi-resource-") if self.value.startswith("pulumi-resource-") else ""

    @property
    def pin(self) -> str:
        """The version that is installed or built."""
        match self:
            case Piece.ENGINE:
                return pins.ENGINE
            case Piece.LANGUAGE_HOST:
                return pins.LANGUAGE_HOST
            case _:
                return pins.PLUGINS[self.plugin]


class Origin(StrEnum):
    """Where a piece comes from."""

    PATH = "PATH"
    #: The user's own Pulumi home.
    INSTALLED = "installed"
    #: Downloaded from the download site.
    RELEASED = "released"
    BUILT = "built"


@dataclass(frozen=True)
class InstalledPiece:
    """An installed piece.

    Attributes:
        path: the program itself.
        why: why it was chosen, for the user.
    """

    piece: Piece
    version: str
    origin: Origin
    path: Path
    why: str
