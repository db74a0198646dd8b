"""Limits how many servers boot in parallel: more would slow each other down and time out.

A start takes a slot and keeps it until the server's systemd reports that it has booted, or until a timeout.
"""

import socket
import threading
import time
from pathlib import Path


def slots_for(processors: int, configured: int) -> int:
    """How many slots a host has: the configured number, or two per processor and at least four."""
    return configured or max(4, 2 * processors)


class BootSlots:
    """The slots of this host.

    Args:
        count: how many.
        hold: timeout in seconds after which a slot is released.
    """

    def __init__(self, count: int, hold: float) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._hold = hold

    def acquire(self) -> None:
        """Wait for a slot."""
        self._free.acquire()

    def release(self) -> None:
        """Release a slot at once, because its server did not start."""
        self._free.release()

    def listen(self, notify_socket: Path) -> socket.socket:
        """Create the socket on which a server will report that it has booted; call before it starts."""
        notify_socket.parent.mkdir(exist_ok=True)
        notify_socket.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(notify_socket))
        return listener

    def release_when_booted(self, listener: socket.socket) -> None:
        """Release a slot in the background when a server reports that it has booted.

        Args:
            listener: the socket from `listen`; closed here.
        """
        threading.Thread(target=self._wait, args=(listener,), name="boot", daemon=True).start()

    def _wait(self, listener: socket.socket) -> None:
        try:
            wait_until_ready(listener, self._hold)
        finally:
            listener.close()
            self._free.release()


def wait_until_ready(listener: socket.socket, limit: float) -> bool:
    """Whether READY=1 (sd_notify) arrived within `limit` seconds."""
    end = time.monotonic() + limit
    while (left := end - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            message = listener.recv(4096)
        except TimeoutError:
            break
        if b"READY=1" in message.split(b"\n"):
            return True
    return False
