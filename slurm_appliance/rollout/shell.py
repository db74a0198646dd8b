"""Runs commands on the control node: locally, or over one shared ssh connection."""

import shlex
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from typing import Protocol

from slurm_appliance.rollout.errors import ControlNodeError

#: Timeout of a command in seconds.
_TIMEOUT = 120.0
#: ssh's exit status for a failed connection.
_NO_CONNECTION = 255


class Shell(Protocol):
    """A way to run a command on the control node."""

    @property
    def where(self) -> str:
        """The control node, for messages."""

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as root; return its result with any exit status.

        Raises:
            ControlNodeError: it could not be run.
        """


class LocalShell:
    """This machine is the control node."""

    where = "this machine"

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """See `Shell.run`."""
        return _run(list(command), self.where)


class SshShell:
    """The control node over ssh, as a user who may use sudo.

    Args:
        destination: ``user@address``.
        options: arguments of ssh: key, known hosts, bastion.
    """

    def __init__(self, destination: str, options: Sequence[str] = ()) -> None:
        self.where = destination
        # A poll of the cluster needs three commands; one connection serves all of them, and closes by itself.
        # Only we can write to the folder, so others cannot place a socket there, and a socket's path has to be short.
        sockets = tempfile.mkdtemp(prefix="slurm-appliance-")
        weakref.finalize(self, shutil.rmtree, sockets)
        shared = ["-o", "ControlMaster=auto", "-o", f"ControlPath={sockets}/%C", "-o", "ControlPersist=120"]
        keep = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15"]
        self._command = ["ssh", *keep, *shared, *options, destination, "--"]

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """See `Shell.run`."""
        ended = _run([*self._command, shlex.join(["sudo", "-n", *command])], self.where)
        if ended.returncode == _NO_CONNECTION:
            said = ended.stderr.strip().splitlines() or ["no error message"]
            raise ControlNodeError(f"cannot be reached: {said[-1]}", where=self.where)
        return ended


def _run(command: list[str], where: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ControlNodeError(f"did not respond within {_TIMEOUT:.0f} s", where=where) from error
    except OSError as error:
        raise ControlNodeError(str(error), where=where) from error
