"""One JSON line in each direction over a Unix socket, limited in size and time, between users without mutual trust."""

from __future__ import annotations

import json
import socket
import struct
import time
from pathlib import Path
from typing import Any

#: Maximum size of a message in bytes: enough for the names of the largest cluster.
LONGEST = 1 << 20
_UCRED = struct.Struct("3i")


class MessageError(RuntimeError):
    """Raised for a message that is incomplete, too long, or not a JSON object."""


def peer_uid(connection: socket.socket) -> int:
    """The uid of the other end, from the kernel."""
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


def receive(connection: socket.socket, timeout: float) -> dict[str, Any]:
    """Receive the other end's line.

    Args:
        connection: a connected stream socket.
        timeout: timeout for the whole message, in seconds.

    Raises:
        MessageError: it was not complete in time, is too long, or is not a JSON object.
    """
    end = time.monotonic() + timeout
    received = bytearray()
    try:
        while not received.endswith(b"\n"):
            connection.settimeout(max(end - time.monotonic(), 0.001))
            piece = connection.recv(65536)
            if not piece:
                raise MessageError("the connection was closed before the message was complete")
            received += piece
            if len(received) > LONGEST:
                raise MessageError(f"the message is longer than {LONGEST} bytes")
            if time.monotonic() > end:
                raise MessageError(f"the message was not complete within {timeout:.0f} s")
        document = json.loads(received)
    except (OSError, ValueError, RecursionError) as error:
        raise MessageError(str(error) or type(error).__name__) from error
    if not isinstance(document, dict):
        raise MessageError("the message is not a JSON object")
    return document


def send(connection: socket.socket, document: dict[str, Any], timeout: float) -> None:
    """Send a line.

    Raises:
        MessageError: it could not be sent in time.
    """
    connection.settimeout(timeout)
    try:
        connection.sendall(json.dumps(document).encode() + b"\n")
    except OSError as error:
        raise MessageError(str(error) or type(error).__name__) from error


def ask(path: Path, document: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Send a line to a service and wait for its answer.

    Raises:
        MessageError: the service cannot be reached or does not respond in time.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise MessageError(f"{path}: {error}") from error
        unsent = None
        try:
            send(connection, document, timeout)
        except MessageError as error:
            unsent = error  # A service that refuses this user answers and closes before it has read anything.
        try:
            return receive(connection, timeout)
        except MessageError as error:
            raise MessageError(f"{path}: {unsent or error}") from error
