"""Released pieces: whether the download site responds, what was downloaded before, how to install a piece.

A download is not run, unpacked or passed on before its checksum matches `sums.txt`.
"""

import hashlib
import http.client
import os
import subprocess
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from toolchain import pins, sums
from toolchain.errors import ReleaseError
from toolchain.once import exclusively, fresh_folder
from toolchain.paths import cache_folder
from toolchain.pieces import Piece
from toolchain.progress import step

#: The URL of releases.
SITE = f"https://{pins.DOWNLOAD_SITE}"

#: Timeout for the site's next data while it sends an archive, in seconds.
_TIMEOUT = 60.0


def answers() -> bool:
    """Whether the download site responds in time, using the environment's proxy."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(f"https://{pins.DOWNLOAD_SITE}/", method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=pins.DOWNLOAD_SITE_TIMEOUT):  # noqa: S310 - https
                answered.set()
        except (OSError, urllib.error.URLError):
            return  # Unreachable: the plan builds from source.

    # In a thread, because a DNS lookup has no timeout.
    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(pins.DOWNLOAD_SITE_TIMEOUT)


def _engine_folder() -> Path:
    return cache_folder("toolchain", f"verified-pulumi-{pins.ENGINE}")


def _plugins_home() -> Path:
    return cache_folder("toolchain", "verified-plugins")


def pieces() -> dict[Piece, Path]:
    """Pieces of the pinned versions that were downloaded earlier."""
    found = plugins_in(_plugins_home())
    for piece in (Piece.ENGINE, Piece.LANGUAGE_HOST):
        path = _engine_folder() / "bin" / piece
        if path.exists():
            found[piece] = path
    return found


def plugins_in(home: Path) -> dict[Piece, Path]:
    """The plugins of the pinned versions that are completely installed in a Pulumi home."""
    found = {}
    for piece in Piece:
        if piece.plugin:
            folder = home / "plugins" / f"resource-{piece.plugin}-v{piece.pin}"
            # Pulumi creates this file next to the folder while it installs.
            if (folder / piece).exists() and not folder.with_name(f"{folder.name}.partial").exists():
                found[piece] = folder / piece
    return found


def fetch(piece: Piece, folder: Path) -> Path:
    """Download a piece's archive into a folder and verify it.

    Raises:
        ReleaseError: the download failed, or its checksum does not match.
    """
    name, expected = sums.archive(piece), sums.known().get(piece)
    if expected is None:
        raise ReleaseError(f"{sums.FILE.name} has no checksum of its release for this machine", where=piece)
    file, digest = folder / name, hashlib.sha256()
    try:
        url = SITE + sums.address(name)
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, file.open("wb") as target:  # noqa: S310 - https
            while part := answer.read(1 << 20):
                digest.update(part)
                target.write(part)
    except (OSError, http.client.HTTPException) as error:
        raise ReleaseError(f"{name} cannot be downloaded: {error}", where=piece) from error
    if digest.hexdigest() != expected:
        file.unlink()
        evidence = f"expected {expected}\nreceived {digest.hexdigest()}"
        raise ReleaseError(f"the checksum of {name} does not match {sums.FILE.name}", where=piece, evidence=evidence)
    return file


def install_engine(why: str) -> None:
    """Install the released engine with its language hosts.

    Raises:
        ReleaseError: the download failed, or its checksum does not match.
    """
    folder = _engine_folder()
    with exclusively(folder):
        if not folder.exists():
            with step(f"installing the released pulumi {pins.ENGINE}", why), fresh_folder(folder) as target:
                archive = fetch(Piece.ENGINE, target)
                _unpack_programs(archive, target / "bin")
                archive.unlink()


def _unpack_programs(archive: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with tarfile.open(archive) as files:
            for member in files:
                content = files.extractfile(member) if member.isfile() else None
                if content is not None:
                    program = folder / Path(member.name).name
                    program.write_bytes(content.read())
                    program.chmod(0o755)
    except tarfile.TarError as error:
        raise ReleaseError(f"{archive.name} cannot be unpacked: {error}", where=Piece.ENGINE) from error


def install_plugin(piece: Piece, pulumi: Path, why: str) -> None:
    """Install a released plugin: download and verify it, then let the engine's own command unpack it.

    Raises:
        ReleaseError: the download failed, its checksum does not match, or the command failed.
    """
    home = _plugins_home()
    with exclusively(home):
        if piece not in plugins_in(home):
            with (
                step(f"installing the released {piece.plugin} plugin {piece.pin}", why),
                tempfile.TemporaryDirectory(dir=home.parent) as folder,
            ):
                archive = fetch(piece, Path(folder))
                done = subprocess.run(
                    [pulumi, "plugin", "install", "resource", piece.plugin, piece.pin, "--file", archive],
                    env={**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise ReleaseError(f"its installation failed: {done.stderr.strip()[-2000:]}", where=piece)
