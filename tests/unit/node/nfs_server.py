"""A server that answers the two requests of small_file.py as nfs-ganesha does, from and to a folder."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PUTROOTFH, _LOOKUP, _READ, _WRITE = 24, 15, 25, 38
OK, NOENT, ROFS = 0, 2, 30


@dataclass
class FileServer:
    """The server.

    Attributes:
        folder: its root.
        writable: whether files can be written.
        answer: sent in place of each answer, if any.
        requests: the names of the requests, in order.
    """

    folder: Path
    writable: bool = True
    answer: bytes | None = None
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        """Answer requests until the socket is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                (mark,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
                request = connection.recv(mark & 0x7FFFFFFF, socket.MSG_WAITALL)
                answer = self._answer(request) if self.answer is None else self.answer
                connection.sendall(answer)

    def _answer(self, request: bytes) -> bytes:
        words = _Words(request)
        xid = words.number()
        words.skip(5)
        for _ in ("credentials", "verifier"):
            words.number()
            words.opaque()
        words.opaque()
        words.number()
        path, results = self.folder, b""
        status = OK
        count = words.number()
        done = 0
        for _ in range(count):
            operation = words.number()
            result = b""
            if operation == _LOOKUP:
                path = path / words.opaque().decode()
                status = OK if path.exists() else NOENT
            elif operation == _READ:
                self.requests.append("read")
                content = path.read_bytes()[:4096]
                result = struct.pack(">I", 1) + _opaque(content)
            elif operation == _WRITE:
                self.requests.append("write")
                words.skip(4 + 2 + 1)
                content = words.opaque()
                status = OK if self.writable else ROFS
                if self.writable:
                    path.write_bytes(content)
                    result = struct.pack(">II", len(content), 2) + bytes(8)
            results += struct.pack(">II", operation, status) + (result if status == OK else b"")
            done += 1
            if status != OK:
                break
        body = struct.pack(">IIIIII", xid, 1, 0, 0, 0, 0) + struct.pack(">I", status) + _opaque(b"")
        body += struct.pack(">I", done) + results
        return struct.pack(">I", 1 << 31 | len(body)) + body


@contextmanager
def serving(folder: Path) -> Iterator[FileServer]:
    """The server, while this lasts."""
    server = FileServer(folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


class _Words:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def number(self) -> int:
        (number,) = struct.unpack_from(">I", self._content)
        self._content = self._content[4:]
        return int(number)

    def opaque(self) -> bytes:
        length = self.number()
        content = self._content[:length]
        self._content = self._content[length + -length % 4 :]
        return content

    def skip(self, words: int) -> None:
        self._content = self._content[4 * words :]


def _opaque(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content + bytes(-len(content) % 4)
