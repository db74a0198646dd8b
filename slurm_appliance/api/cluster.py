"""One cluster, and what can be done with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.slurm_files.backups import SlurmBackup
from slurm_appliance.api.maintenance import MaintainedCluster
from slurm_appliance.config import ClusterConfig
from slurm_appliance.deployment import adoption, operations, site_again
from slurm_appliance.deployment.adoption_plan import Adopted, Adoption
from slurm_appliance.deployment.keeping import external_resources
from slurm_appliance.deployment.operations import Destruction, Done
from slurm_appliance.deployment.plan import DeploymentPlan, findings_of
from slurm_appliance.deployment.plan_document import PlanDocument, document_of, refuse_stale
from slurm_appliance.deployment.refusals import refuse_destruction
from slurm_appliance.deployment.session import open_session
from slurm_appliance.deployment.status import Status, look
from slurm_appliance.errors import Problem
from slurm_appliance.site_repository.current import STACKS
from slurm_appliance.slurm_backups.control import ControlBackups, SlurmBackupError, SlurmBackups, of_stack


def silent(_text: str) -> None:
    """Take a line of progress that nobody reads."""


def _agree(_what: object) -> bool:
    return True


def _agree_to_restore(_plan: DeploymentPlan, _backup: SlurmBackup) -> bool:
    return True


@dataclass(frozen=True)
class ManagedCluster(MaintainedCluster):
    """A cluster as its stack describes it. Opening one asks nothing and changes nothing.

    Attributes:
        session: the stack; not public.
    """

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.session.name

    @property
    def config(self) -> ClusterConfig:
        """The configuration."""
        return self.session.config

    def validate(self) -> tuple[Problem, ...]:
        """What would go wrong before the first change: the configuration and the state against the cloud.

        Raises:
            CloudError: the cloud cannot be asked.
        """
        findings = findings_of(self.session, self.session.deployment())
        return (*findings.state, *findings.problems)

    def plan(self) -> DeploymentPlan:
        """What ``up`` would do. Nothing is changed.

        Raises:
            ConfigError: it would go wrong before the first change.
            StateError: the state does not fit what is in the project.
            LostDataError: a volume or share that outlives the cluster was deleted by hand.
            EngineError: the engine cannot tell.
        """
        return operations.preview(self.session)

    def up(
        self,
        *,
        plan: PlanDocument | None = None,
        approve: Callable[[DeploymentPlan], bool] = _agree,
        allow_disruptive: bool = False,
        give_up_lost_volumes: bool = False,
    ) -> Done | None:
        """Create the cluster, or bring it to what its configuration says.

        Args:
            plan: the plan that was approved; nothing is done if the plan is another one by now.
            approve: asked with the plan before the first change.
            allow_disruptive: go on where a protected environment would be disturbed.
            give_up_lost_volumes: create volumes and shares again that were deleted by hand, with nothing on them.

        Returns:
            What was done; None where ``approve`` said no.

        Raises:
            StalePlanError: the plan is no longer the one that was approved.
            ProtectedEnvironmentError: the environment is protected.
            LockedError: another operation holds the lock.
            SiteError: the servers are there, and site.yml failed.
            ApplianceError: as plan(), or a resource failed.
        """

        def decide(now: DeploymentPlan) -> bool:
            if plan is not None:
                refuse_stale(plan, document_of(now, self.name))
            return approve(now)

        return operations.up(
            self.session,
            decide,
            allow_disruptive=allow_disruptive,
            give_up_lost_volumes=give_up_lost_volumes,
            whole_plan=plan is not None,
        )

    def run_site(self, *, everything: bool = False) -> None:
        """Configure the nodes again, with the settings of the last ``up``.

        Args:
            everything: skip nothing that was applied and has not changed.

        Raises:
            UsageError: this machine has no inventory of the last ``up``.
            LockedError: another operation holds the lock.
            SiteError: site.yml failed.
            CancelledError: a signal came.
        """
        site_again.run_site(self.session, everything=everything)

    def plan_adoption(self, *, new_secrets: bool = False) -> Adoption:
        """What ``adopt`` would do. Nothing is changed, and no lock is taken.

        Args:
            new_secrets: accept that secrets which are lost with the state are made anew.

        Raises:
            AdoptionError: existing resources cannot be taken over without disturbing them; ``problems`` has why.
            ConfigError: the configuration has mistakes.
            EngineError: the engine cannot tell.
        """
        return adoption.plan_adoption(self.session, new_secrets=new_secrets)

    def adopt(self, *, approve: Callable[[Adoption], bool] = _agree, new_secrets: bool = False) -> Adopted | None:
        """Take the existing resources of the cluster into its state; no server, port or volume is touched.

        Args:
            approve: asked with the plan before the first change.
            new_secrets: make secrets anew which are lost with the state.

        Returns:
            What was done; None where ``approve`` said no.

        Raises:
            AdoptionError: existing resources cannot be taken over without disturbing them; nothing was changed.
            LockedError: another operation holds the lock.
            SiteError: everything is recorded, and site.yml failed.
            ApplianceError: as up().
        """
        return adoption.adopt(self.session, approve, new_secrets=new_secrets)

    def status(self) -> Status:
        """The nodes, volumes, locks and drift. Nothing is changed.

        Raises:
            CloudError: the cloud cannot be asked.
        """
        # What an operation before it changed is not in the facts that this began with.
        self.session.facts(fresh=True)
        return look(self.session)

    def slurm_backups(self) -> SlurmBackups:
        """The backups of Slurm's state, which are made before a new release of Slurm starts.

        Raises:
            ApplianceError: the control node cannot be reached.
        """
        return self._control().list()

    def restore_slurm(
        self,
        backup: str,
        *,
        approve: Callable[[DeploymentPlan, SlurmBackup], bool] = _agree_to_restore,
        allow_disruptive: bool = False,
    ) -> Done | None:
        """Go back to a former release of Slurm with its state of then. The control node's image must have that release.

        Args:
            backup: name of the backup.
            approve: asked with the plan and the backup before the first change.
            allow_disruptive: go on where a protected environment would be disturbed.

        Returns:
            What was done; None where ``approve`` said no.

        Raises:
            SlurmBackupError: there is no such backup, or it is of the release that runs.
            ApplianceError: as up().
        """
        control = self._control()
        listed = control.list()
        chosen = listed.get(backup)
        self.session.slurm_state = chosen.version

        def request(plan: DeploymentPlan) -> bool:
            if not plan.steps and listed.requested != backup:
                raise SlurmBackupError(
                    "the plan changes nothing, so the control node would keep its image",
                    where=str(self.session.source),
                    remedy=f"set the control node's image to one with Slurm {chosen.version}, the backup's",
                )
            if not approve(plan, chosen):
                return False
            control.request_restore(backup)
            return True

        return self.up(approve=request, allow_disruptive=allow_disruptive)

    def cancel_slurm_restore(self) -> bool:
        """Forget a restore that was requested and has not begun; return whether there was one.

        Raises:
            ApplianceError: it has begun, or the control node cannot be reached.
        """
        return self._control().cancel_restore()

    def _control(self) -> ControlBackups:
        session = self.session
        return of_stack(session.name, session.source, session.cloud, session.config.state_dir)

    def destroy(
        self,
        *,
        approve: Callable[[Destruction], bool] = _agree,
        allow_disruptive: bool = False,
        delete_volumes: bool = False,
    ) -> Done | None:
        """Delete the cluster.

        Args:
            approve: asked before anything is deleted.
            allow_disruptive: go on although the environment is protected.
            delete_volumes: delete the kept volumes and shares as well, with all that is on them.

        Returns:
            What was done; None where ``approve`` said no.

        Raises:
            ProtectedEnvironmentError: the environment is protected.
            LockedError: another operation holds the lock.
            ApplianceError: the state is not this cluster's, or a resource failed.
        """
        refuse_destruction(self.session, allow_disruptive)
        return operations.destroy(self.session, approve, delete_volumes=delete_volumes)

    def cancel(self) -> None:
        """Cancel the operation that runs in another thread: it ends in order, with a CancelledError. Returns at once.

        The engine finishes the steps in progress and records them; the lock is released. The same operation continues
        there. Signals do this for an operation in the main thread.
        """
        self.session.cancellation.ask()

    def kept_by_others(self) -> tuple[str, ...]:
        """What the cluster uses and never deletes, because it existed before."""
        return tuple(external_resources(self.config))


def open_cluster(
    name: str,
    *,
    say: Callable[[str], None] = silent,
    stacks: Path = STACKS,
    exclude: Sequence[str] = (),
    lock_timeout: float = 0.0,
    alone: bool = False,
) -> ManagedCluster:
    """Open the cluster of a stack.

    Args:
        name: the stack's name.
        say: takes a line of progress at a time.
        stacks: the folder with one file for each stack.
        exclude: URNs of resources to leave alone; ``*`` and ``**`` are allowed.
        lock_timeout: seconds to wait for another operation on the stack.
        alone: this process does nothing else: small clusters are planned sooner, because the Pulumi program runs in it.

    Raises:
        UsageError: there is no such stack.
        ConfigError: its configuration has mistakes; ``problems`` has all of them.
    """
    session = open_session(name, say, stacks=stacks, excluded=tuple(exclude), lock_timeout=lock_timeout, alone=alone)
    return ManagedCluster(session)
