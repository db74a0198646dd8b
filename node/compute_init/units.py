"""Units that run on this node because of our roles: one that has stopped since is a reason to run them again."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

#: The command that lists active units.
LIST = ("systemctl", "list-units", "--plain", "--no-legend", "--state=active", "--type=service,socket,timer,mount")
#: The folder in which roles write units.
UNITS = Path("/etc/systemd/system")
_UNIT = re.compile(r"(?<![\w@./-])([\w@-]+\.(?:service|socket|timer|mount))\b")


def units_in(text: str) -> frozenset[str]:
    """Units that a text names."""
    return frozenset(_UNIT.findall(text))


def watched_units(roles: Path, folder: Path) -> frozenset[str]:
    """Units that roles name, and mounts, whose names roles compose.

    Args:
        roles: the folder of our roles.
        folder: the folder in which roles write units.
    """
    texts = (path.read_text(encoding="utf-8") for path in roles.rglob("*.yml"))
    return frozenset(path.name for path in folder.glob("*.mount")).union(*map(units_in, texts))


def active_units(watched: Iterable[str], command: Sequence[str] = LIST) -> tuple[str, ...]:
    """Those that are active; none where systemd does not answer."""
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    active = {line.split()[0] for line in listed.splitlines() if line.split()}
    return tuple(sorted(active.intersection(watched)))
