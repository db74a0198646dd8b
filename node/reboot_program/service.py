"""``python -m reboot_program.service``: runs the worker, as SlurmUser, one on a machine.

``--once`` ends when nothing is left to do. SIGTERM and SIGINT end it after the calls under way; what is left stays in
the spool.
"""

from __future__ import annotations

import fcntl
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from .connection import CloudCalls, Connection
from .log import log, start_logging
from .settings import SettingsError, read_settings, settings_file
from .slurm import Slurm
from .worker import Worker


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
        with _only_one(settings.spool):
            worker = Worker(
                settings, Slurm(settings.scontrol), Connection(lambda: _open(settings.clouds, settings.cloud))
            )
            worker.run(stop.is_set, once="--once" in given)
    except (SettingsError, OSError) as error:
        log.error("%s", error)
        return 1
    return 0


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
            raise OSError(f"{spool}: another worker is at work there") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
