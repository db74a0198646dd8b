"""Limits how many servers boot in parallel: more would slow each other down and time out.

A start takes a slot and keeps it until the server's systemd reports that it has booted, or until a timeout. Some
servers boot for minutes without using a processor, because they wait for another one: compute nodes for their control
node. So a start also proceeds without a free slot while the processors are idle.
"""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

#: Seconds between two looks at the processors, and the share of idle time above which one more server may boot.
_LOOK, _IDLE = 0.5, 0.6


def slots_for(processors: int, configured: int) -> int:
    """How many slots a host has: the configured number, or two per processor and at least four."""
    return configured or max(4, 2 * processors)


class BootSlots:
    """The slots of this host.

    Args:
        count: how many.
        hold: timeout in seconds after which a slot is released.
        idle: the share of idle processor time since the last call.
    """

    def __init__(self, count: int, hold: float, idle: Callable[[], float] | None = None) -> None:
        self._count = count
        self._hold = hold
        self._idle = idle or IdleShare()
        self._booting = 0
        self._ended = threading.Condition()

    def acquire(self) -> None:
        """Wait for a slot, or until the processors are idle."""
        with self._ended:
            while self._booting >= self._count and (self._ended.wait(_LOOK) or self._idle() < _IDLE):
                pass
            self._booting += 1

    def release(self) -> None:
        """Release a slot at once, because its server did not start."""
        with self._ended:
            self._booting -= 1
            self._ended.notify()

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
            self.release()


class IdleShare:
    """The share of processor time that was idle between two calls, for one caller at a time.

    Args:
        stat: the kernel's file of times.
    """

    def __init__(self, stat: Path = Path("/proc/stat")) -> None:
        self._stat = stat
        self._last = time.monotonic(), *self._times()

    def __call__(self) -> float:
        """The share since the last call, from 0 to 1; 0 if that is too short or too long ago to say how it is now."""
        now, idle, total = time.monotonic(), *self._times()
        before, idle_before, total_before = self._last
        self._last = now, idle, total
        if not _LOOK / 2 <= now - before <= 4 * _LOOK or total <= total_before:
            return 0.0
        return (idle - idle_before) / (total - total_before)

    def _times(self) -> tuple[int, int]:
        fields = [int(word) for word in self._stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
        return fields[3], sum(fields)


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
