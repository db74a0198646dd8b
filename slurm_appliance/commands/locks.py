"""``slurm-appliance locks`` and ``unlock``: show who holds the locks of a stack and its rollout, remove stale ones."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import Output, OutputOption, print_table, say
from slurm_appliance.commands.stacks import StackOption, YesOption, cluster_of

if TYPE_CHECKING:
    from slurm_appliance.journal.lock import Holder, Locked


def locks(stack: StackOption, output: OutputOption = Output.text) -> None:
    """Show who holds the lock of a stack or of its rollout: a running command, or a killed one.

    Exit status 0: not locked; 5: locked.
    """
    from slurm_appliance.journal.errors import LockedError
    from slurm_appliance.journal.lock import holders

    rows = [
        {
            "lock": holder.id,
            "user": holder.username,
            "host": holder.hostname,
            "process": holder.pid,
            "doing": holder.doing or "pulumi",
            "since": holder.since[:19],
            "gone": holder.gone,
        }
        for place in _places(stack)
        for holder in holders(place)
    ]
    if output is Output.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print_table(
            ("LOCK", "USER", "HOST", "PROCESS", "DOING", "SINCE", "STATE"),
            [[*map(str, list(row.values())[:-1]), "stale" if row["gone"] else "in use"] for row in rows],
            wrapping=("HOST",),
        )
    else:
        print(f"{stack} is not locked")
    raise typer.Exit(LockedError.exit_status if rows else 0)


def unlock(
    lock: Annotated[str, typer.Argument(help="The lock's ID, as shown by `locks`.")],
    stack: StackOption,
    yes: YesOption = False,
) -> None:
    """Remove a stale lock. The lock of a live process is kept."""
    from slurm_appliance.errors import UsageError
    from slurm_appliance.journal.errors import LockedError
    from slurm_appliance.journal.heartbeat import PACE, heard
    from slurm_appliance.journal.lock import holders

    places = _places(stack)
    found = {holder.id: (place.store, holder) for place in places for holder in holders(place)}
    if lock not in found:
        there = f"its locks are: {', '.join(found)}" if found else "it is not locked"
        raise UsageError(f"stack {stack} has no lock {lock}", remedy=there)
    store, holder = found[lock]
    if not holder.gone:
        if holder.process is not None:
            say(f"waiting {2 * PACE.interval:.0f} s for a heartbeat from {holder} ...")
        if _is_here(holder) or (holder.process is not None and heard(store, holder.key, 2 * PACE.interval)):
            raise LockedError(f"{holder} is alive", where=stack, remedy="stop it, or wait until it ends")
        say(f"no heartbeat from {holder}")
        if not agreed(yes=yes):
            say("nothing was changed")
            raise typer.Exit(1)
    store.release(holder.key)
    print(f"removed the lock of {holder}; the next up continues where it stopped")


def _is_here(holder: "Holder") -> bool:
    """Whether its process is visible from here and running."""
    from slurm_appliance.journal.process_identity import ProcessIdentity

    return holder.process is not None and holder.process.is_seen(ProcessIdentity.own())


def _places(stack: str) -> "list[Locked]":
    """What can be locked: the stack, and its rollouts."""
    from slurm_appliance.errors import UsageError
    from slurm_appliance.rollout.access import rollout_place

    layout = cluster_of(stack).session.layout
    if layout is None:
        raise UsageError("this backend uses Pulumi's own locks", remedy="remove them with `pulumi cancel`")
    return [layout, rollout_place(stack)]
