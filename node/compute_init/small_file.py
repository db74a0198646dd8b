"""Reads and writes one small file on the control node over NFS 4.0, with one request and no program.

A request of NFS 4.0 needs no state on the server if it uses the stateid of zeros. So a look costs the control node one
answer and this node no process. What is read this way is only a hint: compute-init checks the signature of what it
uses.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import struct
from collections.abc import Iterator, Sequence

from node.compute_init.share import AbsentError, ShareError

PORT = 2049
#: Bytes of the file: a look reads at most this, and a write always writes this, so that no file grows or shrinks.
SIZE = 4096
#: Ports that only root can bind.
_PRIVILEGED = range(665, 1024)
_NFS, _VERSION, _COMPOUND = 100003, 4, 1
_PUTROOTFH, _LOOKUP, _READ, _WRITE = 24, 15, 25, 38
_FILE_SYNC = 2
_NO_STATE = bytes(16)
#: Statuses of NFS that mean that there is no such file or export for this node.
_ABSENT = {2: "NFS4ERR_NOENT", 13: "NFS4ERR_ACCESS"}
#: A record of the answer to either request is smaller.
_MOST_ANSWER = SIZE + 1024


class SmallFiles:
    """Files on one server.

    Args:
        server: address of the control node.
        timeout: timeout of a request in seconds.
        port: port of its NFS server.
        local: ports to connect from; the server accepts privileged ones only.
    """

    def __init__(
        self, server: str, timeout: float = 10.0, port: int = PORT, local: Sequence[int] = _PRIVILEGED
    ) -> None:
        self.server = server
        self._timeout = timeout
        self._port = port
        self._local = local

    def read(self, path: str) -> bytes:
        """The first `SIZE` bytes of a file.

        Raises:
            AbsentError: the server responds, but has no such file for this node.
            ShareError: the server does not respond, or denies access.
        """
        answer = self._ask(path, struct.pack(">I16sQI", _READ, _NO_STATE, 0, SIZE))
        answer.number()  # whether the file ends here
        return answer.opaque()

    def write(self, path: str, content: bytes) -> None:
        """Replace the content of an existing file; it is padded with spaces.

        Raises:
            AbsentError: the server responds, but has no such file for this node.
            ShareError: the server does not respond, or denies access.
            ValueError: the content is too large.
        """
        if len(content) > SIZE:
            raise ValueError(f"{len(content)} bytes are more than {SIZE}")
        operation = struct.pack(">I16sQI", _WRITE, _NO_STATE, 0, _FILE_SYNC) + _opaque(content.ljust(SIZE))
        written = self._ask(path, operation).number()
        if written != SIZE:
            raise ShareError(f"{self.server} wrote {written} of {SIZE} bytes of {path}")

    def _ask(self, path: str, operation: bytes) -> _Answer:
        """The answer to one operation on a file, after the operations that lead to the file."""
        names = path.strip("/").split("/")
        way = struct.pack(">I", _PUTROOTFH) + b"".join(struct.pack(">I", _LOOKUP) + _opaque(n.encode()) for n in names)
        compound = _opaque(b"") + struct.pack(">II", 0, len(names) + 2) + way + operation
        try:
            with self._connected() as connection:
                answer = _Answer(_exchanged(connection, compound))
        except OSError as error:
            raise ShareError(f"{self.server}: {error.strerror or error}") from error
        except (ValueError, struct.error) as error:
            raise ShareError(f"{self.server} does not answer as an NFS server: {error}") from error
        try:
            status = answer.compound()
        except (ValueError, struct.error) as error:
            raise ShareError(f"{self.server} does not answer as an NFS server: {error}") from error
        if status in _ABSENT:
            raise AbsentError(f"{path}: {_ABSENT[status]}")
        if status:
            raise ShareError(f"{self.server}: {path}: status {status} of NFS")
        return answer

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        """A connection from a free privileged port."""
        family = socket.AF_INET6 if ":" in self.server else socket.AF_INET
        ports = random.sample(self._local, len(self._local))
        for number, port in enumerate(ports):
            with socket.socket(family, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._timeout)
                try:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    connection.bind(("", port))
                    connection.connect((self.server, self._port))
                except OSError as error:
                    taken = error.errno in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}
                    if taken and number + 1 < len(ports):
                        continue
                    raise
                yield connection
                return


class _Answer:
    """An answer in XDR, read from its start."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self) -> int:
        (number,) = struct.unpack_from(">I", self._content, self._at)
        self._at += 4
        return int(number)

    def opaque(self) -> bytes:
        length = self.number()
        content = self._content[self._at : self._at + length]
        if len(content) != length:
            raise ValueError("the answer ends early")
        self._at += length + -length % 4
        return content

    def compound(self) -> int:
        """Go to the result of the last operation; returns its status, or that of the one that failed."""
        self.number()
        if (self.number(), self.number()) != (1, 0):
            raise ValueError("the request was denied")
        self.number()
        self.opaque()
        if self.number():
            raise ValueError("the request was not executed")
        status = self.number()
        self.opaque()
        for left in reversed(range(self.number())):
            self.number()
            if self.number() or not left:
                break
        return status


def _exchanged(connection: socket.socket, compound: bytes) -> bytes:
    """Send a request, and return its answer."""
    name = _opaque(socket.gethostname().encode()[:200])
    identity = struct.pack(">I", 0) + name + struct.pack(">III", 0, 0, 0)
    head = struct.pack(">IIIIII", random.getrandbits(32), 0, 2, _NFS, _VERSION, _COMPOUND)
    message = head + struct.pack(">I", 1) + _opaque(identity) + struct.pack(">II", 0, 0) + compound
    connection.sendall(struct.pack(">I", 1 << 31 | len(message)) + message)
    content = b""
    last = False
    while not last:
        (mark,) = struct.unpack(">I", _received(connection, 4))
        last, length = bool(mark >> 31), mark & 0x7FFFFFFF
        if len(content) + length > _MOST_ANSWER:
            raise ValueError(f"an answer of more than {_MOST_ANSWER} bytes")
        content += _received(connection, length)
    return content


def _received(connection: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise ConnectionResetError("it closed the connection")
        content += part
    return content


def _opaque(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content + bytes(-len(content) % 4)
