"""site.yml by itself, under the stack's lock: the nodes of the last ``up``, with its settings."""

from slurm_appliance.deployment.interrupt import CancelledError
from slurm_appliance.deployment.local_files import has_files
from slurm_appliance.deployment.session import Session
from slurm_appliance.errors import UsageError
from slurm_appliance.site.failure import failure_of
from slurm_appliance.site.run import Ending, SiteRequest, run


def run_site(session: Session, *, everything: bool = False) -> None:
    """Run site.yml.

    Args:
        session: the stack.
        everything: skip nothing that was applied and has not changed, on compute nodes neither.

    Raises:
        UsageError: this machine does not have the files of the last ``up``.
        LockedError: the stack is locked.
        SiteError: site.yml failed.
        CancelledError: a signal came.
    """
    ending = Ending()
    if session.layout is not None:
        # Before the lock, which makes the stack where there is none.
        _require_files(session)
    with session.held("site"), ending.taking_signals():
        _require_files(session)
        request = SiteRequest(session.name, cloud=session.cloud, all=everything, compute=everything)
        status, summary = run(request, ending, session.stacks)
    if ending.signal:
        raise CancelledError(ending.signal)
    if status:
        raise failure_of(summary)


def _require_files(session: Session) -> None:
    """The files of an older ``up`` would take users, nodes and images of the newer one away again."""
    if not has_files(session.folder, session.deployment()):
        raise UsageError(
            "this machine does not have the inventory of the stack's last up, or somebody changed it",
            where=str(session.folder.folder),
            remedy="run slurm-appliance up first: it writes the files of the last up, also with nothing else to do",
        )
