"""One line for each thing that happens, to syslog where there is one, to stderr where somebody looks."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

log = logging.getLogger("slurm-appliance-reboot")

_SYSLOG = Path("/dev/log")


def start_logging() -> None:
    """Send this program's lines to syslog, or to stderr on a machine without; to both on a terminal."""
    log.setLevel(logging.INFO)
    log.propagate = False
    if _SYSLOG.exists():
        handler = logging.handlers.SysLogHandler(
            address=str(_SYSLOG), facility=logging.handlers.SysLogHandler.LOG_DAEMON
        )
        handler.setFormatter(logging.Formatter("slurm-appliance-reboot[%(process)d]: %(message)s"))
        log.addHandler(handler)
    if not _SYSLOG.exists() or sys.stderr.isatty():
        plain = logging.StreamHandler()
        plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(plain)
