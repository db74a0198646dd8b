"""One complete rollout, for commands."""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.rollout.access import ClusterAccess
from slurm_appliance.rollout.cluster import SlurmCluster
from slurm_appliance.rollout.control import ControlNode
from slurm_appliance.rollout.drive import Drive, Watcher
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.journal import Journal
from slurm_appliance.rollout.plan import RolloutPlan, RolloutVerdict, natural, plan
from slurm_appliance.rollout.policy import Policy
from slurm_appliance.rollout.record import Phase, resumed
from slurm_appliance.rollout.selection import select
from slurm_appliance.rollout.view import ViewRow, rows

#: Seconds by which the rollout's timeout exceeds Slurm's.
_MARGIN = 120.0


def rollout_of(
    access: ClusterAccess, names: str | None = None, partitions: Collection[str] = ()
) -> tuple["Rollout", list[str], Policy]:
    """A rollout by the stack's own settings: itself, its nodes and its rules.

    Args:
        access: access to the cluster.
        names: only these nodes: ``c[001-016],gpu-1``.
        partitions: only nodes of these partitions.
    """
    task = Rollout(access, RolloutMethod(access.settings.via))
    selected = task.select(names, partitions)
    return task, selected, Policy.of(access.settings, len(selected), task.reboot_limit())


class Rollout:
    """A cluster's rollouts.

    Args:
        access: access to the cluster.
        via: see `RolloutMethod`.
        partition: partition of the jobs of `RolloutMethod.JOB`.
        interval: polling interval in seconds.
    """

    def __init__(
        self,
        access: ClusterAccess,
        via: RolloutMethod = RolloutMethod.REBOOT,
        partition: str | None = None,
        *,
        interval: float = 5.0,
    ) -> None:
        self._control = ControlNode(access.shell, partition=partition, targets=access.targets)
        self._cluster = SlurmCluster(self._control, access.images, via)
        self._journal = Journal(access.journal)
        self._interval = interval

    def select(self, names: str | None, partitions: Collection[str]) -> list[str]:
        """See `selection.select`."""
        return select(self._control.nodes(), set(self._control.targets()), names=names, partitions=partitions)

    def reboot_limit(self) -> float:
        """Timeout of a reboot in seconds: a little more than Slurm's."""
        return self._control.resume_timeout() + _MARGIN

    def run(self, names: Sequence[str], policy: Policy, watcher: Watcher, *, lock_timeout: float = 0.0) -> RolloutPlan:
        """Bring the nodes to their target images; also finish nodes left in progress by an earlier run.

        Args:
            names: the nodes.
            policy: how many at a time, and when to stop.
            watcher: shows the progress.
            lock_timeout: timeout for another rollout of this cluster, in seconds.

        Raises:
            LockedError: another rollout is running.
            RolloutError: no node could start.
            ApplianceError: the cluster was unavailable for too long.
        """
        with self._journal.alone(lock_timeout, watcher.trouble):
            records = resumed(names, self._journal.read())
            return Drive(self._cluster, self._journal.write, watcher, interval=self._interval).run(records, policy)

    def preview(self, names: Sequence[str], policy: Policy) -> tuple[list[ViewRow], float]:
        """What run() would start with; changes nothing."""
        records = resumed(names, self._journal.read())
        facts = self._cluster.look(records)
        step = plan(records, facts, policy)
        first = {name for action in step.actions for name in action.nodes}
        listed = rows(step.records, facts)
        return [replace(row, state="begins", why="") if row.nodes in first else row for row in listed], facts.now

    def status(self, names: Sequence[str]) -> tuple[list[ViewRow], float]:
        """The current state of each node."""
        facts = self._cluster.look(names)
        return rows(self._journal.read(), facts), time.time()

    def judge(self, end: RolloutPlan) -> None:
        """Raise an error unless it succeeded.

        Raises:
            RolloutError: a node failed, or the rollout stopped.
        """
        bad = [record for record in end.records.values() if record.phase in {Phase.FAILED, Phase.RELEASED}]
        if end.verdict is RolloutVerdict.FINISHED and not bad:
            return
        listed = "\n".join(
            f"  {record.node}: {record.phase.value}: {record.why}"
            for record in sorted(bad, key=lambda record: natural(record.node))
        )
        raise RolloutError(
            f"not all nodes are on their target image{f': {end.why}' if end.why else ''}\n{listed}",
            remedy="fix the reported causes, then run the same command again to continue",
        )
