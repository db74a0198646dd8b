"""Names and checksums of the released archives that may be used."""

import platform
import re
import sys
from collections.abc import Mapping
from typing import Final

from toolchain import pins
from toolchain.errors import ToolchainError
from toolchain.paths import REPOSITORY
from toolchain.pieces import Piece

#: The checksums.
FILE: Final = REPOSITORY / "toolchain/sums.txt"

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


def archive(piece: Piece, system: str = sys.platform, machine: str = "") -> str:
    """The file name of a piece's release for a machine; empty if there is none.

    Args:
        piece: the language host is part of the engine's archive.
        system: in Python's spelling.
        machine: the processor, in the kernel's spelling; this machine's if empty.
    """
    processor = _MACHINES.get((machine or platform.machine()).lower())
    if processor is None or system not in ("linux", "darwin"):
        return ""
    if piece.plugin:
        return f"{piece}-v{piece.pin}-{system}-{processor}.tar.gz"
    return f"pulumi-v{pins.ENGINE}-{system}-{'x64' if processor == 'amd64' else processor}.tar.gz"


def address(file: str) -> str:
    """The URL path of an archive on the download site."""
    return f"/releases/{'plugins' if file.startswith('pulumi-resource-') else 'sdk'}/{file}"


def parse(text: str) -> Mapping[str, str]:
    """Checksums by file name.

    Raises:
        ToolchainError: a line is neither a checksum nor a comment, or a file has two checksums.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or found[2] in sums:
            what = "is not a line of sha256sum" if found is None else f"is a second checksum of {found[2]}"
            raise ToolchainError(what, where=f"{FILE}:{number}", remedy="restore the file from the repository")
        sums[found[2]] = found[1]
    return sums


def known() -> Mapping[Piece, str]:
    """The known checksums of the pieces' releases for this machine."""
    sums = parse(FILE.read_text(encoding="utf-8"))
    return {piece: sums[name] for piece in Piece if (name := archive(piece)) in sums}
