"""What the machine has already, as plain data for the plan."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolchain import pins
from toolchain.pieces import Piece


@dataclass(frozen=True)
class EngineOnPath:
    """A ``pulumi`` that the user installed.

    Attributes:
        version: None when it did not say one.
        language_host: its Python language host, beside it or on PATH; None when there is none.
    """

    path: Path
    version: pins.Version | None
    language_host: Path | None


@dataclass(frozen=True)
class MachineFacts:
    """What the plan decides on.

    Attributes:
        engine_on_path: the first ``pulumi`` on PATH.
        installed: resource plugins of the pinned version in the user's own Pulumi home.
        released: pieces that we downloaded earlier.
        built: pieces that we built earlier from the sources as they are now.
        go: a Go that is there and new enough, from PATH or installed by us earlier.
        checkable: pieces whose release for this machine has its checksum in the repository.
        site_answers: None when nobody has asked yet.
        site_problem: why a site that answered is of no use after all.
    """

    engine_on_path: EngineOnPath | None = None
    installed: Mapping[Piece, Path] = field(default_factory=dict)
    released: Mapping[Piece, Path] = field(default_factory=dict)
    built: Mapping[Piece, Path] = field(default_factory=dict)
    go: Path | None = None
    checkable: Collection[Piece] = ()
    site_answers: bool | None = None
    site_problem: str = ""
