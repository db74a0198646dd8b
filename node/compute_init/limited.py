"""Runs a program and limits its output, which may come from a server that is not ours."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from typing import IO, cast

#: Maximum size of kept error output in bytes; the rest is read and dropped.
_MOST_SAID = 4096
_CHUNK = 65536


class TooMuchError(Exception):
    """Raised when the program exceeds the output limit; it was killed."""


def output(command: Sequence[str], most: int, timeout: float) -> tuple[int, bytes, str]:
    """Run a program; return its exit status, its output and its error output.

    Args:
        command: the program and its arguments.
        most: maximum size of the output in bytes.
        timeout: timeout in seconds.

    Raises:
        TooMuchError: it printed more than ``most`` bytes.
        subprocess.TimeoutExpired: it timed out.
        OSError: it cannot be started.
    """
    end = time.monotonic() + timeout
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            taken, said = _read(child, most, end)
            return child.wait(max(0.0, end - time.monotonic())), taken, said.decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise subprocess.TimeoutExpired(command, timeout) from None
        finally:
            if child.poll() is None:
                child.kill()


def _read(child: subprocess.Popen[bytes], most: int, end: float) -> tuple[bytes, bytes]:
    """Read both streams to their ends."""
    taken, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(cast("IO[bytes]", child.stdout), selectors.EVENT_READ, taken)
        selector.register(cast("IO[bytes]", child.stderr), selectors.EVENT_READ, said)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(child.args, 0)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
            if len(taken) > most:
                raise TooMuchError
            del said[_MOST_SAID:]
    return bytes(taken), bytes(said)
