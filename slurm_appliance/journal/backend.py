"""The journal's backend during one command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.journal.keeper import Keeper, Origin
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.lock import Holder, locked
from slurm_appliance.journal.service import JournalService

#: Milliseconds that the engine waits for more entries before it sends them; 50 by default, for a remote service.
_BATCH_MILLISECONDS = 5
#: The same where each batch becomes an object in a bucket.
_REMOTE_BATCH_MILLISECONDS = 25


@dataclass(frozen=True)
class Backend:
    """A running backend.

    Attributes:
        variables: environment variables that make the engine use it.
        recovered: number of entries found from a killed update.
        taken_over: holders of removed stale locks.
        keeper: the state's only writer, while its lock is held.
    """

    variables: dict[str, str]
    recovered: int
    taken_over: Sequence[Holder]
    keeper: Keeper


@contextmanager
def journaled(
    layout: StackPlace,
    doing: str = "",
    *,
    origin: Origin = ("", {}),
    lock_timeout: float = 0.0,
    say: Callable[[str], None] = lambda _text: None,
) -> Iterator[Backend]:
    """Serve the state of a stack from one of Pulumi's own backends, and lock it.

    Args:
        layout: the files of the existing stack.
        doing: the operation, shown to others who find the stack locked.
        origin: for the stack's history: the default message, and who runs it from which commit, by name.
        lock_timeout: timeout for a locked stack, in seconds.
        say: prints a line about the holder.

    Raises:
        LockedError: the stack is locked.
        JournalError: its state cannot be read.
    """
    with locked(layout, doing, lock_timeout=lock_timeout, say=say) as lock:
        keeper = Keeper(layout, lock.check, origin)
        recovered = keeper.recover()
        with serving(keeper) as variables:
            try:
                yield Backend(variables, recovered, lock.taken_over, keeper)
            finally:
                # A killed engine completes nothing.
                keeper.recover()


@contextmanager
def serving(keeper: Keeper) -> Iterator[dict[str, str]]:
    """Serve a state; yields environment variables that make the engine use it."""
    batch = _REMOTE_BATCH_MILLISECONDS if keeper.layout.store.patience else _BATCH_MILLISECONDS
    with scratch_folder() as credentials:
        service = JournalService(keeper)
        with service.serving():
            yield {
                "PULUMI_BACKEND_URL": service.url,
                "PULUMI_ACCESS_TOKEN": service.token,
                # The engine stores its login; this keeps the user's own logins unchanged.
                "PULUMI_CREDENTIALS_PATH": str(credentials),
                "PULUMI_JOURNALING_BATCH_PERIOD": str(batch),
            }
