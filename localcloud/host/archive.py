"""Root filesystems as archives: an image's bytes are a tar, plain or compressed with zstd or gzip."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.host.command import HostError, run

#: First bytes of an archive (offset, bytes) -> tar's option to read it.
_MAGIC = {
    "zstd": (0, b"\x28\xb5\x2f\xfd", ["--zstd"]),
    "gzip": (0, b"\x1f\x8b", ["--gzip"]),
    "tar": (257, b"ustar", []),
}

#: Timeout for packing or unpacking, in seconds.
LIMIT = 900.0

#: tar's options to keep all properties of a root filesystem.
_ATTRIBUTES = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"]


def kind(file: Path) -> str:
    """``zstd``, ``gzip`` or ``tar`` by a file's first bytes; empty for anything else."""
    with file.open("rb") as stream:
        start = stream.read(512)
    found = (name for name, (at, magic, _) in _MAGIC.items() if start[at : at + len(magic)] == magic)
    return next(found, "")


def unpack(file: Path, folder: Path) -> None:
    """Unpack an archive into an empty folder.

    Raises:
        HostError: it is not an archive, or it is broken.
    """
    form = kind(file)
    if not form:
        raise HostError(
            "is not an archive of a root filesystem",
            where=file.name,
            remedy="images must be tar archives with disk_format raw, plain or compressed with zstd or gzip",
        )
    how = _MAGIC[form][2]
    run(["tar", *how, *_ATTRIBUTES, "--preserve-permissions", "-x", "-f", file, "-C", folder], limit=LIMIT)


def pack(folder: Path, file: Path, exclude: Sequence[str] = ()) -> None:
    """Pack a folder, which may be in use, as a tar compressed with zstd.

    Raises:
        HostError: tar or zstd failed.
    """
    words = ["tar", "--create", "--sparse", "--one-file-system", "--warning=no-file-changed", "--ignore-failed-read"]
    words += [*_ATTRIBUTES, *(f"--exclude={pattern}" for pattern in exclude), f"--directory={folder}", "."]
    with file.open("wb") as target:
        tar = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        zstd = subprocess.Popen(["zstd", "-q", "-1", "-T2"], stdin=tar.stdout, stdout=target, stderr=subprocess.PIPE)
        assert tar.stdout is not None  # noqa: S101 - it is a pipe, as asked
        tar.stdout.close()  # zstd has the other end: tar exits when zstd does.
        try:
            _, zstd_said = zstd.communicate(timeout=LIMIT)
            _, tar_said = tar.communicate(timeout=60)
        except subprocess.TimeoutExpired as error:
            raise HostError(f"packing timed out after {LIMIT:.0f} s", where=str(folder)) from error
        finally:
            for process in (tar, zstd):
                if process.poll() is None:
                    process.kill()
                    process.wait()
    # Exit status 1 of tar: files changed while they were read, as in a running server.
    if zstd.returncode or tar.returncode not in (0, 1):
        said = (tar_said + zstd_said).decode("utf-8", "replace").strip()
        raise HostError("could not be packed", where=str(folder), evidence=said[-800:])
