"""The control node for a rollout: Slurm's nodes and our jobs on them, target images, and the two requests."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.reboot_program.settings import RebootSettings
from node.reboot_program.slurm_state import ENVIRONMENT, SlurmNode, parse_nodes
from node.reboot_program.targets import Target, parse_targets
from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.rollout.errors import ControlNodeError
from slurm_appliance.rollout.observe import ROLLOUT_REASON
from slurm_appliance.rollout.shell import Shell

#: The path of the exported targets.
TARGETS = RebootSettings().targets
#: Names of a rollout's own jobs: this and the node.
JOB_NAME = "slurm-appliance-rollout-"
#: Root cannot run jobs (DisableRootJobs); besides root, SlurmUser may reboot nodes.
_AS_SLURM_USER = ("runuser", "-u", "slurm", "--")
#: Maximum number of names per command: well below the limit of a command line.
_AT_ONCE = 500


@dataclass(frozen=True)
class Job:
    """A job of the rollout."""

    id: str
    state: str


class ControlNode:
    """slurmctld and the file of targets.

    Args:
        shell: runs commands there.
        reason: the nodes' reason in Slurm; starts with `ROLLOUT_REASON`.
        partition: partition of the jobs; None for the default partition.
        targets: the file of targets there.
    """

    def __init__(
        self, shell: Shell, *, reason: str = ROLLOUT_REASON, partition: str | None = None, targets: Path = TARGETS
    ) -> None:
        self._shell = shell
        self._reason = reason
        self._partition = partition
        self._targets = targets

    def nodes(self) -> dict[str, SlurmNode]:
        """All nodes that Slurm knows."""
        return parse_nodes(self._slurm("scontrol", "--oneliner", "show", "node"))

    def jobs(self) -> dict[str, Job]:
        """The rollout's own unfinished jobs, by node name."""
        lines = self._slurm("squeue", "--noheader", "--all", "--format=%i|%T|%j").splitlines()
        found = (line.strip().split("|", 2) for line in lines if line.count("|") >= 2)
        return {name.removeprefix(JOB_NAME): Job(job, state) for job, state, name in found if name.startswith(JOB_NAME)}

    def targets(self) -> Mapping[str, Target]:
        """Each compute node's server and target image.

        Raises:
            ControlNodeError: the file is missing or unusable.
        """
        path = str(self._targets)
        ended = self._shell.run(["cat", path])
        if ended.returncode:
            raise ControlNodeError(f"{path}: {_said(ended)}", where=self._shell.where, remedy="run site.yml")
        try:
            targets = parse_targets(json.loads(ended.stdout), path)
        except ValueError as error:
            raise ControlNodeError(
                f"{path} is damaged: {error}", where=self._shell.where, remedy="run site.yml"
            ) from error
        if targets.problem:
            raise ControlNodeError(targets.problem, where=self._shell.where)
        return targets.nodes

    def resume_timeout(self) -> int:
        """slurm.conf's ResumeTimeout in seconds: the timeout of a reboot."""
        match = re.search(r"^ResumeTimeout\s*=\s*(\d+)", self._slurm("scontrol", "show", "config"), re.MULTILINE)
        if not match:
            raise ControlNodeError("slurmctld does not report its ResumeTimeout", where=self._shell.where)
        return int(match[1])

    def reboot(self, names: Sequence[str], via: RolloutMethod) -> None:
        """Request reboots: one command for all nodes, or one job per node.

        Raises:
            ControlNodeError: Slurm did not accept (all of) it.
        """
        if via is RolloutMethod.JOB:
            for name in names:
                self._submit(name)
            return
        for start in range(0, len(names), _AT_ONCE):
            some = ",".join(names[start : start + _AT_ONCE])
            self._slurm("scontrol", "reboot", "ASAP", "nextstate=RESUME", f"reason={self._reason}", some)

    def cancel(self, names: Sequence[str], via: RolloutMethod) -> None:
        """Cancel reboots that have not started.

        Raises:
            ControlNodeError: Slurm did not accept (all of) it: the reboot of a node has already started.
        """
        if via is RolloutMethod.JOB:
            jobs = self.jobs()
            ids = [jobs[name].id for name in names if name in jobs]
            if ids:
                self._slurm("scancel", *ids)
            return
        for start in range(0, len(names), _AT_ONCE):
            self._slurm("scontrol", "cancel_reboot", ",".join(names[start : start + _AT_ONCE]))

    def _submit(self, name: str) -> None:
        partition = [f"--partition={self._partition}"] if self._partition else []
        self._slurm(
            "sbatch",
            "--reboot",
            "--exclusive",
            "--no-requeue",
            "--nodes=1",
            f"--nodelist={name}",
            f"--job-name={JOB_NAME}{name}",
            "--output=/dev/null",
            "--chdir=/",
            "--time=10",
            *partition,
            "--wrap=true",
            become=_AS_SLURM_USER,
        )

    def _slurm(self, *command: str, become: Sequence[str] = ()) -> str:
        variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        ended = self._shell.run([*become, "env", *variables, *command])
        if ended.returncode:
            raise ControlNodeError(f"{command[0]} {command[1]}: {_said(ended)}", where=self._shell.where)
        return ended.stdout


def _said(ended: "subprocess.CompletedProcess[str]") -> str:
    lines = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exited with status {ended.returncode}"
