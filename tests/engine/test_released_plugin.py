"""A released plugin, checked by us and installed by the real engine from the file that we hand to it."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from toolchain import release, sums
from toolchain.ensure import Toolchain
from toolchain.errors import ReleaseError
from toolchain.pieces import Piece


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of a plugin on a download site, its checksum known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(release, "SITE", (tmp_path / "site").as_uri())
    monkeypatch.setattr(sums, "FILE", tmp_path / "sums.txt")
    file = tmp_path / "site" / sums.address(sums.archive(Piece.COMMAND))[1:]
    file.parent.mkdir(parents=True)
    with tarfile.open(file, "w:gz") as content:
        program = b"#!/bin/sh\n"
        info = tarfile.TarInfo(Piece.COMMAND)
        info.size, info.mode = len(program), 0o755
        content.addfile(info, io.BytesIO(program))
    (tmp_path / "sums.txt").write_text(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")
    return file


def test_the_engine_installs_the_file_that_was_checked(toolchain: Toolchain, archive: Path) -> None:
    assert archive.exists()
    release.install_plugin(Piece.COMMAND, toolchain.programs / "pulumi", "a test")
    assert release.pieces()[Piece.COMMAND].read_text() == "#!/bin/sh\n"


def test_another_file_never_reaches_the_engine(toolchain: Toolchain, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(ReleaseError, match="checksum"):
        release.install_plugin(Piece.COMMAND, toolchain.programs / "pulumi", "a test")
    assert Piece.COMMAND not in release.pieces()
