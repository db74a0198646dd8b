"""``python -m reboot_program.service``: runs the worker, as a user of its own, one on a machine.

systemd hands it the socket on which SlurmUser's requests come (``slurm-appliance-reboot.socket``). ``--once`` ends when
nothing is left to do, and does without. SIGTERM and SIGINT end it after the calls under way; what is left stays in the
spool.
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

#: The first file that systemd hands over.
_FIRST_HANDED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker until a signal comes; returns the exit status."""
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
    """Take requests beside the work. Should that ever end by itself, everything ends, and systemd starts it again."""
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
    """The socket that systemd hands over, None if it does not."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST_HANDED)


def _open(clouds: Path, cloud: str) -> CloudCalls:
    # Takes time and memory, only when there is something to do.
    from .cloud import Cloud

    return Cloud.open(clouds, cloud)


@contextmanager
def _only_one(spool: Path) -> Iterator[None]:
    """Hold the spool's lock; it goes with the process, however that ends."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (spool / "worker.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"{spool}: another worker is using it") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
