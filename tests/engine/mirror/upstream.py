"""The upstream repositories of the tests: an apt one, an rpm one, both signed, on a small HTTP server on loopback."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.engine.mirror.packages import SigningKey, call, make_deb, make_rpm


class Upstream:
    """Both repositories below one folder, and the log of what was asked of their server.

    Attributes:
        folder: what the server serves.
        key: signs packages and metadata.
        url: the server's root, no slash at the end; set while it serves.
        requests: paths that were asked for, in order.
        silent: while it is set, requests are taken and not answered.
    """

    def __init__(self, folder: Path, key: SigningKey) -> None:
        self.folder = folder
        self.key = key
        self.url = ""
        self.requests: list[str] = []
        self.silent = threading.Event()
        (folder / "debian/pool").mkdir(parents=True)
        (folder / "rpm").mkdir()

    def release_deb(self, name: str, version: str) -> None:
        """Put a version into the apt repository in place of the one before, as distributions do."""
        pool = self.folder / "debian/pool"
        for old in pool.glob(f"{name}_*.deb"):
            old.unlink()
        make_deb(pool, name, version)
        self._index_debs()

    def release_rpm(self, name: str, version: str) -> None:
        """Put a version into the rpm repository in place of the one before."""
        folder = self.folder / "rpm"
        for old in folder.glob(f"{name}-*.rpm"):
            old.unlink()
        make_rpm(folder, name, version, self.key)
        call("createrepo_c", "--quiet", folder)
        self._sign_repomd()

    def _sign_repomd(self) -> None:
        repomd = self.folder / "rpm/repodata/repomd.xml"
        self.key.gpg("--armor", "--detach-sign", "--output", f"{repomd}.asc", repomd)

    def _index_debs(self) -> None:
        root = self.folder / "debian"
        suite = root / "dists/stable"
        shutil.rmtree(suite, ignore_errors=True)
        binary = suite / "main/binary-amd64"
        binary.mkdir(parents=True)
        packages = call("sh", "-c", f"cd '{root}' && apt-ftparchive packages pool")
        (binary / "Packages").write_text(packages)
        call("gzip", "--keep", "--no-name", binary / "Packages")
        options = []
        for option in ("Origin=Tests", "Suite=stable", "Codename=stable", "Architectures=amd64", "Components=main"):
            options += ["-o", f"APT::FTPArchive::Release::{option}"]
        release = call("apt-ftparchive", *options, "release", suite)
        (suite / "Release").write_text(release)
        self.key.gpg("--armor", "--detach-sign", "--output", suite / "Release.gpg", suite / "Release")
        self.key.gpg("--clearsign", "--output", suite / "InRelease", suite / "Release")


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the folder and notes what was asked for."""

    upstream: Upstream

    def do_GET(self) -> None:
        self.upstream.requests.append(self.path)
        if self.upstream.silent.is_set():
            self.close_connection = True
            # The client hangs up when it gives up, or its process is killed.
            self.rfile.read(1)
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing: `Upstream.requests` has it."""


@contextmanager
def serving(upstream: Upstream, port: int = 0) -> Iterator[None]:
    """Serve the upstream on loopback for the length of the block."""
    handler = type("Handler", (_Handler,), {"upstream": upstream})
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", port), partial(handler, directory=str(upstream.folder))
    ) as server:
        upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, name="upstream")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
