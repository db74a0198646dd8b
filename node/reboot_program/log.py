"""Logs one line per event, to syslog if available, and to stderr on a terminal."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from pathlib import Path
from types import TracebackType

log = logging.getLogger("slurm-appliance-reboot")

_SYSLOG = Path("/dev/log")


def start_logging() -> None:
    """Log to syslog, or to stderr on a machine without syslog; to both on a terminal."""
    _open_standard_files()
    log.setLevel(logging.INFO)
    log.propagate = False
    sys.excepthook = _log_mistake
    looked_at = sys.stderr is not None and sys.stderr.isatty()
    if _SYSLOG.exists():
        handler = logging.handlers.SysLogHandler(
            address=str(_SYSLOG), facility=logging.handlers.SysLogHandler.LOG_DAEMON
        )
        handler.setFormatter(logging.Formatter("slurm-appliance-reboot[%(process)d]: %(message)s"))
        log.addHandler(handler)
    if not _SYSLOG.exists() or looked_at:
        plain = logging.StreamHandler()
        plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(plain)


def _open_standard_files() -> None:
    """slurmctld runs programs with stdin, stdout and stderr closed: open them, or other files get their numbers."""
    # A new file gets the lowest free number.
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        continue
    os.close(number)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives


def _log_mistake(kind: type[BaseException], mistake: BaseException, trace: TracebackType | None) -> None:
    """Log uncaught exceptions; slurmctld shows only an exit status."""
    log.critical("crashed: %r", mistake, exc_info=(kind, mistake, trace))
