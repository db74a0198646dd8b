"""Names of released archives and the file with their checksums."""

import pytest

from toolchain import pins, sums
from toolchain.errors import ToolchainError
from toolchain.pieces import Piece

DIGEST = "0" * 63 + "a"


@pytest.mark.parametrize(
    ("piece", "system", "machine", "name"),
    [
        (Piece.ENGINE, "linux", "x86_64", f"pulumi-v{pins.ENGINE}-linux-x64.tar.gz"),
        (Piece.LANGUAGE_HOST, "linux", "x86_64", f"pulumi-v{pins.ENGINE}-linux-x64.tar.gz"),
        (Piece.ENGINE, "linux", "aarch64", f"pulumi-v{pins.ENGINE}-linux-arm64.tar.gz"),
        (Piece.ENGINE, "darwin", "arm64", f"pulumi-v{pins.ENGINE}-darwin-arm64.tar.gz"),
        (Piece.COMMAND, "linux", "x86_64", f"pulumi-resource-command-v{pins.PLUGINS['command']}-linux-amd64.tar.gz"),
        (Piece.COMMAND, "linux", "riscv64", ""),
        (Piece.ENGINE, "win32", "AMD64", ""),
    ],
)
def test_archives_are_called_as_on_the_download_site(piece: Piece, system: str, machine: str, name: str) -> None:
    assert sums.archive(piece, system, machine) == name


def test_checksums_are_read_as_sha256sum_prints_them() -> None:
    assert sums.parse(f"# a comment\n\n{DIGEST}  a.tar.gz\n") == {"a.tar.gz": DIGEST}


@pytest.mark.parametrize(
    "text",
    [f"{DIGEST} a.tar.gz", f"{DIGEST.upper()}  a.tar.gz", f"{DIGEST[1:]}  a.tar.gz", f"{DIGEST}  a\n{DIGEST}  a\n"],
)
def test_anything_else_is_an_error_and_not_a_piece_without_a_checksum(text: str) -> None:
    with pytest.raises(ToolchainError, match=r"sums\.txt:[12]: "):
        sums.parse(text)


def stale(text: str) -> set[str]:
    """The archives in the file that no machine would ask for: of a version that is no longer pinned, or misspelt."""
    machines = [(system, machine) for system in ("linux", "darwin") for machine in ("x86_64", "aarch64")]
    return set(sums.parse(text)) - {sums.archive(piece, *machine) for piece in Piece for machine in machines}


def test_no_checksum_is_of_another_version_than_the_pinned_one() -> None:
    assert stale(
        f"{DIGEST}  pulumi-v1.0.0-linux-x64.tar.gz\n{DIGEST}  {sums.archive(Piece.ENGINE, 'linux', 'arm64')}\n"
    ) == {"pulumi-v1.0.0-linux-x64.tar.gz"}
    assert stale(sums.FILE.read_text()) == set()
