"""site.yml by itself, under the stack's lock: the nodes of the last ``up``, with its settings."""

from slurm_appliance.deployment.interrupt import CancelledError
from slurm_appliance.deployment.session import Session
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import UsageError
from slurm_appliance.site.failure import failure_of
from slurm_appliance.site.run import Ending, SiteRequest, run


def run_site(session: Session, *, everything: bool = False) -> None:
    """Run site.yml.

    Args:
        session: the stack.
        everything: skip nothing that was applied and has not changed, on compute nodes neither.

    Raises:
        UsageError: this machine has no files of the stack.
        LockedError: the stack is locked.
        SiteError: site.yml failed.
        CancelledError: a signal came.
    """
    _require_files(session.folder)
    ending = Ending()
    with session.held("site"), ending.taking_signals():
        request = SiteRequest(session.name, cloud=session.cloud, all=everything, compute=everything)
        status, summary = run(request, ending, session.stacks)
    if ending.signal:
        raise CancelledError(ending.signal)
    if status:
        raise failure_of(summary)


def _require_files(folder: EnvironmentFolder) -> None:
    if not folder.is_intact():
        raise UsageError(
            "this machine has no inventory of the last up, or somebody changed it",
            where=str(folder.folder),
            remedy="run slurm-appliance up first",
        )
