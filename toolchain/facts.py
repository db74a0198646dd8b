"""Facts about the machine, as plain data for the plan."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolchain import pins
from toolchain.pieces import Piece


@dataclass(frozen=True)
class EngineOnPath:
    """The user's own ``pulumi``.

    Attributes:
        version: None if it did not report one.
        language_host: its Python language host, next to it or on PATH, or None.
    """

    path: Path
    version: pins.Version | None
    language_host: Path | None


@dataclass(frozen=True)
class MachineFacts:
    """The plan's input.

    Attributes:
        engine_on_path: the first ``pulumi`` on PATH.
        installed: resource plugins of the pinned version in the user's own Pulumi home.
        released: pieces downloaded earlier.
        built: pieces built earlier from the current sources.
        go: a Go that is new enough, from PATH or installed earlier.
        checkable: pieces whose release for this machine has a checksum in the repository.
        site_answers: None if not checked yet.
        site_problem: why a site that responded cannot be used.
    """

    engine_on_path: EngineOnPath | None = None
    installed: Mapping[Piece, Path] = field(default_factory=dict)
    released: Mapping[Piece, Path] = field(default_factory=dict)
    built: Mapping[Piece, Path] = field(default_factory=dict)
    go: Path | None = None
    checkable: Collection[Piece] = ()
    site_answers: bool | None = None
    site_problem: str = ""
