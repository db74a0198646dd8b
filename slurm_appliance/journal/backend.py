"""The journal's backend for the time of one command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slurm_appliance.deploy_host.scratch import scratch_folder
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import Holder, locked
from slurm_appliance.journal.service import JournalService

#: Milliseconds that the engine waits for more entries before it sends them; 50 by default, for a service far away.
_BATCH_MILLISECONDS = "5"


@dataclass(frozen=True)
class Backend:
    """A backend that is being served.

    Attributes:
        variables: what makes the engine use it.
        recovered: how many entries were found of an update that was killed.
        taken_over: who held the stack before and is no more.
        layout: where the state is.
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
    """Serve the state of a stack that the file backend below a folder has, and keep everybody else out meanwhile.

    Args:
        root: the folder; what follows ``file://``.
        project: the project's name.
        stack: the stack's name; it exists.
        doing: what the command does, for whoever finds the stack in use.
        lock_timeout: seconds to wait for somebody else who uses it.
        say: takes a line about who that is.

    Raises:
        LockedError: somebody else uses the stack.
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
                # An engine that was killed completes nothing.
                keeper.recover()


@contextmanager
def serving(keeper: Keeper) -> Iterator[dict[str, str]]:
    """Serve a state; yields what makes the engine use it."""
    with scratch_folder() as credentials:
        service = JournalService(keeper)
        with service.serving():
            yield {
                "PULUMI_BACKEND_URL": service.url,
                "PULUMI_ACCESS_TOKEN": service.token,
                # The engine keeps who it is logged in as; the user's own logins are not touched.
                "PULUMI_CREDENTIALS_PATH": str(credentials),
                "PULUMI_JOURNALING_BATCH_PERIOD": _BATCH_MILLISECONDS,
            }
