"""Starts and restarts Slurm's daemons with systemd, and waits until they run or have failed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence

from .plan import DaemonAction, version_of
from .ports import listening

#: Timeout for a live daemon in seconds: to recover a large state or convert a database.
TIMEOUT = 300.0
_INTERVAL = 0.3
#: slurmdbd's repeated message that only another configuration can fix.
_REFUSED = re.compile(r"mysql_real_connect failed: (1044|1045|1698) ")


class DaemonError(RuntimeError):
    """Raised when a daemon is not running.

    Attributes:
        log: its last lines.
    """

    def __init__(self, what: str, log: Sequence[str]) -> None:
        super().__init__(what)
        self.log = list(log)


class Daemons:
    """Slurm's daemons of this node.

    Args:
        timeout: timeout for a live daemon, in seconds.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout

    def active(self, daemon: str) -> bool:
        """Whether its unit is active."""
        return self._state(daemon)["ActiveState"] == "active"

    def version(self) -> tuple[int, ...]:
        """Slurm's version."""
        return version_of(self.version_text())

    def version_text(self) -> str:
        """The output of ``slurmctld -V``, which needs no configuration."""
        return _output("slurmctld", "-V")

    def jobs(self) -> list[str]:
        """Jobs with processes on nodes; none if slurmctld is not running.

        Raises:
            DaemonError: slurmctld does not say.
        """
        if not self.active("slurmctld"):
            return []
        states = "RUNNING,SUSPENDED,COMPLETING,CONFIGURING,STOPPED"
        command = ["squeue", "--all", "--noheader", "--format=%i", f"--states={states}"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise DaemonError(f"squeue failed: {ended.stderr.strip()}", [])
        return ended.stdout.split()

    def do(self, daemon: str, action: DaemonAction, port: int) -> None:
        """Act, and wait until the daemon responds.

        Raises:
            DaemonError: it exited, fails to reconfigure, or does not respond in time.
        """
        since = _output("date", "+%Y-%m-%d %H:%M:%S").strip()
        if action in (DaemonAction.START, DaemonAction.RESTART):
            # Ignore earlier failures.
            subprocess.run(["systemctl", "reset-failed", f"{daemon}.service"], capture_output=True, check=False)
            subprocess.run(["systemctl", "--no-block", action.value, f"{daemon}.service"], check=True)
        if action is DaemonAction.RECONFIGURE:
            self._reconfigure(daemon, since)
        self._wait(daemon, port, since, fresh=action in (DaemonAction.START, DaemonAction.RESTART))
        if action is DaemonAction.RESTART and daemon == "slurmctld":
            # This gives the new slurm.conf to nodes without their own.
            self._reconfigure(daemon, since)
            self._wait(daemon, port, since, fresh=False)

    def _reconfigure(self, daemon: str, since: str) -> None:
        ended = subprocess.run(["scontrol", "reconfigure"], capture_output=True, text=True, check=False)
        if ended.returncode:
            raise DaemonError(f"scontrol reconfigure failed: {ended.stderr.strip()}", self._log(daemon, since))

    def _wait(self, daemon: str, port: int, since: str, *, fresh: bool) -> None:
        end = time.monotonic() + self._timeout
        while True:
            state = self._state(daemon)
            if fresh and state["Job"]:
                pass  # systemd has not finished yet.
            elif _dead(state):
                said = self._log(daemon, since)
                raise DaemonError(f"{daemon} exited ({state['Result']}, status {state['ExecMainStatus']})", said)
            elif self._answers(daemon, port):
                return
            elif daemon == "slurmdbd" and any(map(_REFUSED.search, self._log(daemon, since))):
                raise DaemonError("MariaDB rejects slurmdbd", self._log(daemon, since))
            if time.monotonic() > end:
                raise DaemonError(f"{daemon} did not respond within {self._timeout:.0f} s", self._log(daemon, since))
            time.sleep(_INTERVAL)

    @staticmethod
    def _answers(daemon: str, port: int) -> bool:
        if not listening(port):
            return False
        if daemon == "slurmdbd":
            return True
        ended = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, check=False)
        return ended.returncode == 0 and " is UP" in ended.stdout

    @staticmethod
    def _state(daemon: str) -> dict[str, str]:
        names = ("ActiveState", "SubState", "Result", "ExecMainStatus", "Job")
        out = _output("systemctl", "show", f"--property={','.join(names)}", f"{daemon}.service")
        found = dict(line.partition("=")[::2] for line in out.splitlines())
        return {name: found.get(name, "") for name in names}

    @staticmethod
    def _log(daemon: str, since: str) -> list[str]:
        command = ["journalctl", f"--unit={daemon}.service", f"--since={since}", "--output=cat", "--no-pager"]
        return _output(*command).splitlines()[-200:]


def _dead(state: dict[str, str]) -> bool:
    return state["ActiveState"] in ("failed", "inactive") or state["SubState"] == "auto-restart"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
