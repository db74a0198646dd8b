"""Communicates with slurmctld through scontrol."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from .holding import STATES, FailureNotice
from .slurm_state import ENVIRONMENT, SlurmNode, parse_nodes

#: Maximum number of names per call: well below the limit of a command line.
_AT_ONCE = 1000
#: Timeout of scontrol in seconds: slurmctld responds in milliseconds, or is restarting.
_TIMEOUT = 60.0
#: Maximum length of a reason, which Slurm shows in one line.
_LONGEST_REASON = 480


class SlurmError(RuntimeError):
    """Raised when scontrol fails or times out."""


class Slurm:
    """The cluster's slurmctld, accessed on the control node.

    Args:
        scontrol: the program.
    """

    def __init__(self, scontrol: str = "scontrol") -> None:
        self._scontrol = scontrol

    def nodes(self, names: Sequence[str]) -> dict[str, SlurmNode]:
        """Slurm's view of some nodes, with one call per thousand.

        Raises:
            SlurmError: slurmctld cannot be queried.
        """
        found: dict[str, SlurmNode] = {}
        for start in range(0, len(names), _AT_ONCE):
            # An unknown node makes scontrol fail after it has shown the others.
            shown = self._run("--oneliner", "show", "node", ",".join(names[start : start + _AT_ONCE]), check=False)
            found.update(parse_nodes(shown.stdout))
            if shown.returncode and "not found" not in shown.stderr + shown.stdout:
                raise SlurmError(shown.stderr.strip() or f"scontrol exited with status {shown.returncode}")
        return found

    def tell(self, names: Sequence[str], step: FailureNotice, reason: str) -> None:
        """Set a step's states on nodes, with a reason.

        Raises:
            SlurmError: Slurm rejected it; parts of it may have been done.
        """
        for state in STATES[step]:
            self._update(names, state, "" if state == "RESUME" else reason)

    def _update(self, names: Sequence[str], state: str, reason: str) -> None:
        for start in range(0, len(names), _AT_ONCE):
            arguments = ["update", f"nodename={','.join(names[start : start + _AT_ONCE])}", f"state={state}"]
            if reason:
                arguments.append(f"reason={one_line(reason)}")
            self._run(*arguments)

    def _run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [self._scontrol, *arguments]
        try:
            ended = subprocess.run(
                command,
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SlurmError(str(error)) from error
        if check and ended.returncode:
            said = ended.stderr.strip() or ended.stdout.strip()
            raise SlurmError(f"scontrol {arguments[0]} exited with status {ended.returncode}: {said}")
        return ended


def one_line(reason: str) -> str:
    """A reason in a form that Slurm can show: one line, no quotes that confuse its tools, limited length.

    It also removes control characters, because the text may come from the cloud and is shown on terminals.
    """
    plain = "".join(each if each.isprintable() else " " for each in reason)
    text = " ".join(plain.replace('"', "'").split())
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"
