"""slurmdbd reads from its file the very password that the database is to get."""

import hashlib
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.unit.ansible.test_slurm_conf_filters import FILTERS

PASSWORDS = (
    "abcdefgh",
    "pass#word",
    "#word first",
    "with a space",
    "back\\slash\\\\es\\",
    "in\"side'quotes",
    '"at-its-beginning',
    "at_its_end\"",
    "{{ ansible }} $HOME `id` %s",
    "a=b StorageUser=root",
    "tail#",
    "quote\"hash#back\\",
    "{% raw %}",
    "[1] {a: 1}",
    "pässwörd-😀",
    "#" * 4096,
    "😀" * 4096,
)  # fmt: skip
SALT = b"0123456789abcdefghij"


class Database:
    """Says hello as MariaDB does, and keeps what the client proves its password by."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(30)
        self.port = int(self._socket.getsockname()[1])
        self.proof = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._socket, self._socket.accept()[0] as client:
            # Capabilities: protocol 4.1, secure connection, authentication plugins.
            hello = (
                b"\x0a10.11.0\x00"
                + struct.pack("<I", 1)
                + SALT[:8]
                + b"\x00"
                + struct.pack("<HBHHB", 0x8209, 33, 2, 8, 21)
            )
            hello += b"\x00" * 10 + SALT[8:] + b"\x00" + b"mysql_native_password\x00"
            client.sendall(struct.pack("<I", len(hello))[:3] + b"\x00" + hello)
            answer = client.recv(4096)[4:]
            rest = answer[32:].partition(b"\x00")[2]
            self.proof = rest[1 : 1 + rest[0]]

    def wait(self) -> bytes:
        """What the client proved its password by."""
        self._thread.join()
        return self.proof


def expected(password: str) -> bytes:
    """The proof of a password."""
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324 - the protocol's
    both = hashlib.sha1(SALT + hashlib.sha1(once).digest()).digest()  # noqa: S324
    return bytes(left ^ right for left, right in zip(once, both, strict=True))


def proof(password: str) -> bytes:
    """What a slurmdbd with a password proves it by."""
    written = FILTERS.slurm_value(password)
    database = Database()
    folder = Path(tempfile.mkdtemp(prefix="slurmdbd-"))
    try:
        conf = folder / "slurmdbd.conf"
        conf.touch(mode=0o600)
        conf.write_text(
            "AuthType=auth/munge\nDbdHost=localhost\nSlurmUser=root\nStorageType=accounting_storage/mysql\n"
            f"StorageHost=127.0.0.1\nStoragePort={database.port}\nStorageUser=slurm\nPidFile={folder}/pid\n"
            f"StoragePass={written}\nStorageLoc=acct\n"
        )
        environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(["slurmdbd", "-D"], env=environment, stdout=log, stderr=log)
        try:
            return database.wait()
        finally:
            process.kill()
            process.wait()
            print((folder / "log").read_text())
    finally:
        shutil.rmtree(folder)


def test_every_password() -> None:
    with ThreadPoolExecutor(len(PASSWORDS)) as pool:
        found = dict(zip(PASSWORDS, pool.map(proof, PASSWORDS), strict=True))
    assert {password for password in PASSWORDS if found[password] != expected(password)} == set()
