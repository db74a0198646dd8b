"""What is asked of systemd."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

#: Seconds for one call: systemd's own limit of each mount is shorter.
_LIMIT = 300
#: What mount says after its message.
_HINT = "dmesg(1)"


class Systemd:
    """The running systemd."""

    def call(self, *arguments: str) -> bool:
        """Run systemctl; return whether it succeeded."""
        try:
            done = subprocess.run(
                ["systemctl", "--quiet", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def stop(self, unit: str) -> bool:
        """Stop a unit, and none that needs it; return whether that succeeded.

        systemd would stop what requires the mount first, such as an NFS server that exports it, even where the mount
        then turns out to be in use; and nothing would start that again.
        """
        return self.call("--job-mode=ignore-requirements", "stop", unit)

    def is_active(self, unit: str) -> bool:
        """Whether a unit is active."""
        return self.call("is-active", unit)

    def is_enabled(self, unit: str) -> bool:
        """Whether a unit is started at boot."""
        return self.call("is-enabled", unit)

    def active_since(self, units: Sequence[str]) -> dict[str, int]:
        """The active ones among the units, and since when: seconds since the epoch.

        A failed stop makes a unit active anew, so that only the end of its inactivity tells when it was started.
        """
        if not units:
            return {}
        asked = ["systemctl", "show", "--timestamp=unix", "--property=Id,ActiveState,InactiveExitTimestamp", *units]
        found: dict[str, int] = {}
        for block in "\n".join(_output(asked)).split("\n\n"):
            said = dict(line.partition("=")[::2] for line in block.splitlines())
            if said.get("ActiveState") == "active" and said.get("InactiveExitTimestamp", "").startswith("@"):
                found[said["Id"]] = int(said["InactiveExitTimestamp"][1:])
        return found

    def why(self, unit: str) -> str:
        """Why a unit failed: the last words of the program that mounts, or systemd's own."""
        lines = _output(["journalctl", f"--unit={unit}", "--lines=20", "--output=short", "--no-pager", "--quiet"])
        said = [line.partition(": ")[2].strip() for line in lines if " mount" in line.partition(": ")[0]]
        said = [line for line in said if line and _HINT not in line]
        result = _output(["systemctl", "show", "--property=Result", "--value", unit])
        return (said[-1] if said else "") or f"systemd: {' '.join(result) or 'no result'}"


def mounted(table: Path = Path("/proc/self/mounts")) -> frozenset[str]:
    """The mount points of everything that is mounted, automounts aside."""
    fields = [line.split() for line in table.read_text(errors="surrogateescape").splitlines()]
    return frozenset(each[1].replace("\\040", " ") for each in fields if len(each) > 2 and each[2] != "autofs")


def _output(command: Sequence[str]) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
