"""``python -m reboot_program.service``: runs the worker, as a separate user, once per machine.

systemd passes it the socket for SlurmUser's requests (``slurm-appliance-reboot.socket``). ``--once`` exits when nothing
is left to do, and does not need the socket. SIGTERM and SIGINT stop it after the running calls; unfinished work stays
in the spool.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from .accounts import AccountError, uid_of
from .connection import CloudCalls, Connection
from .listener import RebootListener
from .log import log, start_logging
from .settings import RebootSettings, SettingsError, read_settings, settings_file
from .spool import Spool
from .teller import SlurmByHelper
from .worker import RebootWorker

#: The first file descriptor that systemd passes.
_FIRST_HANDED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker until a signal arrives; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    start_logging()
    if given not in ([], ["--once"]):
        log.error("usage: python -m reboot_program.service [--once]")
        return 2
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        settings = read_settings(settings_file())
        with _only_one(settings.spool), _listening(settings, stop, needed=not given):
            slurm = SlurmByHelper(settings.scontrol, settings.helper)
            worker = RebootWorker(settings, slurm, Connection(lambda: _open(settings.clouds, settings.cloud)))
            worker.run(stop.is_set, once="--once" in given)
    except (SettingsError, AccountError, OSError) as error:
        log.error("%s", error)
        return 1
    return 0


@contextmanager
def _listening(settings: RebootSettings, stop: Event, *, needed: bool) -> Iterator[None]:
    """Receive requests in parallel to the work. If this ever fails, the program exits and systemd restarts it."""
    handed = _handed_over()
    if handed is None:
        if needed:
            raise OSError("systemd passed no socket: systemctl start slurm-appliance-reboot.socket")
        yield
        return
    allowed = frozenset({0, uid_of(settings.slurm_user)})
    listener = RebootListener(handed, Spool(settings.spool), settings.targets, allowed)
    over = Event()

    def listen() -> None:
        try:
            listener.run(over.is_set)
        finally:
            stop.set()

    thread = Thread(target=listen, name="listener")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        handed.close()


def _handed_over() -> socket.socket | None:
    """The socket from systemd, or None."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST_HANDED)


def _open(clouds: Path, cloud: str) -> CloudCalls:
    # Costs time and memory, so only when there is something to do.
    from .cloud import Cloud

    return Cloud.open(clouds, cloud)


@contextmanager
def _only_one(spool: Path) -> Iterator[None]:
    """Hold the spool's lock; the kernel releases it when the process exits."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (spool / "worker.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"{spool}: another worker is using it") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
