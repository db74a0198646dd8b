"""The backups on a control node, seen and restored from the deploy host."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.slurm_files.backups import SlurmBackup
from slurm_appliance.errors import ApplianceError
from slurm_appliance.rollout import access
from slurm_appliance.rollout.shell import Shell

_PROGRAM = "slurm-appliance-slurm-files"


class SlurmBackupError(ApplianceError):
    """Raised when the control node cannot list or restore backups."""


@dataclass(frozen=True)
class SlurmBackups:
    """All backups of a cluster.

    Attributes:
        all: the oldest first.
        requested: name of the one whose restore was requested and is not complete; empty if none is.
    """

    all: tuple[SlurmBackup, ...]
    requested: str

    def get(self, name: str) -> SlurmBackup:
        """One by its name.

        Raises:
            SlurmBackupError: there is none.
        """
        for each in self.all:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in self.all) or "none"
        raise SlurmBackupError(f"there is no backup {name}", remedy=f"choose one of: {names}")


def of_stack(stack: str, stack_file: Path, cloud: str | None, state_dir: str) -> "ControlBackups":
    """The backups on the control node of a stack.

    Args:
        stack: its name.
        stack_file: its configuration file.
        cloud: the entry of clouds.yaml; None to use the OS_* variables.
        state_dir: mount point of the state volume.

    Raises:
        ApplianceError: the stack was never deployed.
    """
    return ControlBackups(access.of_stack(stack, stack_file, cloud).shell, state_dir)


class ControlBackups:
    """The backups on the control node.

    Args:
        shell: shell there.
        state_dir: mount point of its state volume.
    """

    def __init__(self, shell: Shell, state_dir: str) -> None:
        self._shell = shell
        self._state_dir = state_dir

    def list(self) -> SlurmBackups:
        """All of them.

        Raises:
            SlurmBackupError: the node's answer is not one.
            ControlNodeError: the node cannot be reached.
        """
        said = self._run("backups")
        try:
            found = tuple(SlurmBackup.of(each) for each in said["backups"])
            return SlurmBackups(found, str(said["restore"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SlurmBackupError("the list of backups has an unknown form", where=self._shell.where) from error

    def request_restore(self, name: str) -> None:
        """Stop Slurm's daemons, and have the next site.yml restore a backup.

        Raises:
            SlurmBackupError: there is no such backup, or the daemons do not stop.
            ControlNodeError: the node cannot be reached.
        """
        self._run("request-restore", name)

    def cancel_restore(self) -> bool:
        """Forget a requested restore; return whether there was one.

        Raises:
            SlurmBackupError: it has begun.
            ControlNodeError: the node cannot be reached.
        """
        return bool(self._run("cancel-restore").get("changed"))

    def _run(self, *words: str) -> dict[str, Any]:
        ended = self._shell.run([_PROGRAM, "--volume", self._state_dir, *words])
        try:
            said: dict[str, Any] = json.loads(ended.stdout)
        except ValueError:
            said = {"failed": (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]}
        if ended.returncode or "failed" in said:
            raise SlurmBackupError(f"{words[0]}: {said.get('failed')}", where=self._shell.where)
        return said
