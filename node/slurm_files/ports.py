"""Detects listening TCP ports without connecting to them."""

from __future__ import annotations

from pathlib import Path

_LISTEN = "0A"


def listening(port: int) -> bool:
    """Whether a process in this network namespace listens on a port."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/self/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            continue  # A kernel without IPv6.
        for row in rows:
            _, local, _, state, *_ = row.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                return True
    return False
