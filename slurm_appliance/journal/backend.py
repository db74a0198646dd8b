"""The journal's backend during one command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import Holder, locked
from slurm_appliance.journal.service import JournalService

#: Milliseconds that the engine waits for more entries before it sends them; 50 by default, for a remote service.
_BATCH_MILLISECONDS = "5"


@dataclass(frozen=True)
class Backend:
    """A running backend.

    Attributes:
        variables: environment variables that make the engine use it.
        recovered: number of entries found from a killed update.
        taken_over: holders of removed stale locks.
        layout: the paths of the state.
    """

    variables: dict[str, str]
    recovered: int
    taken_over: Sequence[Holder]
    layout: StateLayout


@contextmanager
def journaled(
    root: Path,
    project: str,
    stack: str,
    doing: str = "",
    *,
    lock_timeout: float = 0.0,
    say: Callable[[str], None] = lambda _text: None,
) -> Iterator[Backend]:
    """Serve the state of a stack from the file backend in a folder, and lock it.

    Args:
        root: the folder: the part after ``file://``.
        project: the project's name.
        stack: the existing stack's name.
        doing: the operation, shown to others who find the stack locked.
        lock_timeout: timeout for a locked stack, in seconds.
        say: prints a line about the holder.

    Raises:
        LockedError: the stack is locked.
        JournalError: its state cannot be read.
    """
    layout = StateLayout(root, project, stack)
    with locked(layout, doing, lock_timeout=lock_timeout, say=say) as lock:
        keeper = Keeper(layout, lock.check)
        recovered = keeper.recover()
        with serving(keeper) as variables:
            try:
                yield Backend(variables, recovered, lock.taken_over, layout)
            finally:
                # A killed engine completes nothing.
                keeper.recover()


@contextmanager
def serving(keeper: Keeper) -> Iterator[dict[str, str]]:
    """Serve a state; yields environment variables that make the engine use it."""
    with scratch_folder() as credentials:
        service = JournalService(keeper)
        with service.serving():
            yield {
                "PULUMI_BACKEND_URL": service.url,
                "PULUMI_ACCESS_TOKEN": service.token,
                # The engine stores its login; this keeps the user's own logins unchanged.
                "PULUMI_CREDENTIALS_PATH": str(credentials),
                "PULUMI_JOURNALING_BATCH_PERIOD": _BATCH_MILLISECONDS,
            }
