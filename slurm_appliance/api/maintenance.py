"""What is done with a cluster besides creating and changing it: images, updates, rollouts, history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.cloud.connection import connect
from slurm_appliance.deployment import operations
from slurm_appliance.deployment.history import PastRun, past_runs
from slurm_appliance.deployment.operations import Done
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.session import Session
from slurm_appliance.errors import UsageError
from slurm_appliance.image.openstack_api import OpenStackApi
from slurm_appliance.image.security_tracker import SecurityTracker
from slurm_appliance.rollout import access
from slurm_appliance.rollout.drive import Watcher
from slurm_appliance.rollout.record import NodeRecord
from slurm_appliance.rollout.run import rollout_of
from slurm_appliance.rollout.watchers import PlainLines
from slurm_appliance.update.images import ImagePlace, ensure_image
from slurm_appliance.update.run import ImageUpdate, applied, build_update, plan_update


def _agree(_plan: DeploymentPlan) -> bool:
    return True


@dataclass(frozen=True)
class MaintainedCluster:
    """A cluster that is there already, for the most part.

    Attributes:
        session: the stack; not public.
    """

    session: Session

    def build_image(self, build: str | None = None, *, force: bool = False, keep_on_failure: bool = False) -> str:
        """Build an image of the configuration, and those that it starts from, where they are missing.

        Args:
            build: its name in ``image_builds``; not needed if there is only one.
            force: build even if the image exists.
            keep_on_failure: keep the server of a failed build.

        Returns:
            The image's ID.

        Raises:
            UsageError: there is no such build.
            ApplianceError: the build failed.
        """
        session, builds = self.session, self.session.config.image_builds
        if build not in builds and (build is not None or len(builds) != 1):
            what = f"there is no build {build}" if build else "no build given"
            raise UsageError(what, where="image_builds", remedy=f"name one of: {', '.join(builds) or 'none'}")
        name = build or next(iter(builds))
        return ensure_image(session.config, self._images(), name, keep=keep_on_failure, force=force)

    def plan_update(self, *, snapshot: str | None = None) -> ImageUpdate:
        """Which builds would take a newer package snapshot. Nothing is built or changed.

        Args:
            snapshot: the snapshot's name; None for one that is made now.

        Raises:
            ConfigError: the snapshot has to be named, because a mirror elsewhere makes it.
            UsageError: no node boots an image that this configuration builds.
        """
        return plan_update(self.session.source, snapshot)

    def build_update(self, update: ImageUpdate, *, tracker: Path | None = None) -> ImageUpdate:
        """Build the images of an update, and compare them with those of before. The stack file stays as it is.

        Args:
            update: what ``plan_update()`` returned.
            tracker: the file with the data of Debian's security tracker.

        Raises:
            ApplianceError: a build failed.
        """
        known = SecurityTracker.of_file(tracker) if tracker else None
        return build_update(update, self._images(), self.session.say, known)

    def apply_update(
        self,
        update: ImageUpdate,
        *,
        approve: Callable[[DeploymentPlan], bool] = _agree,
        allow_disruptive: bool = False,
    ) -> Done | None:
        """Write an update's snapshot into the stack file, and run ``up``. Compute nodes follow in a rollout.

        From the approval on, the stack file keeps the snapshot. Open the cluster again afterwards: this object has the
        configuration of before.

        Args:
            update: what ``build_update()`` returned.
            approve: asked with the plan before the first change; the stack file is put back if it says no.
            allow_disruptive: go on where a protected environment would be disturbed.

        Returns:
            What was done; None where ``approve`` said no.

        Raises:
            ApplianceError: as up().
        """
        with applied(update, self.session.source) as change:

            def decide(plan: DeploymentPlan) -> bool:
                if approve(plan):
                    change.keep()
                return change.kept

            return operations.up(self.session.reopened(), decide, allow_disruptive=allow_disruptive)

    def rollout(
        self, *, nodes: str | None = None, partitions: Sequence[str] = (), watcher: Watcher | None = None
    ) -> dict[str, NodeRecord]:
        """Bring compute nodes to their target image through Slurm, by the configuration's ``rollout``.

        If interrupted, run it again: it continues, on any machine.

        Args:
            nodes: only these: ``c[001-016],gpu-1``.
            partitions: only nodes of these partitions.
            watcher: takes the progress; by default it is said in lines.

        Returns:
            How each node ended, by name.

        Raises:
            LockedError: another rollout of this cluster is running.
            RolloutError: a node failed, or the rollout stopped.
        """
        session = self.session
        reached = access.of_stack(session.name, session.source, session.cloud)
        task, names, policy = rollout_of(reached, nodes, partitions)
        end = task.run(names, policy, watcher or PlainLines(session.say), lock_timeout=session.lock_timeout)
        task.judge(end)
        return dict(end.records)

    def history(self, last: int = 20) -> tuple[PastRun, ...]:
        """Who changed the cluster, when, from which commit, and how it ended; the newest first.

        Args:
            last: how many runs.

        Raises:
            UsageError: the state is in a service, which keeps its own history.
        """
        return past_runs(self.session.layout, last)

    def _images(self) -> ImagePlace:
        cloud = self.session.cloud
        return ImagePlace(self.session.source, OpenStackApi(connect(cloud)), cloud)
