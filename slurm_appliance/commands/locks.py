"""``slurm-appliance locks`` and ``unlock``: who uses a stack, and taking away the lock of somebody who is no more."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import Output, OutputOption, print_table, say
from slurm_appliance.commands.stacks import StackOption, YesOption, cluster_of

if TYPE_CHECKING:
    from slurm_appliance.journal.layout import StateLayout
    from slurm_appliance.journal.lock import Holder


def locks(stack: StackOption, output: OutputOption = Output.text) -> None:
    """Show who uses a stack: a run that is under way, or what a killed one left.

    Exit status 0: nobody; 5: somebody.
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
        for holder in holders(_layout(stack))
    ]
    if output is Output.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print_table(
            ("LOCK", "USER", "HOST", "PROCESS", "DOING", "SINCE", "STATE"),
            [[*map(str, list(row.values())[:-1]), "is no more" if row["gone"] else "in use"] for row in rows],
            wrapping=("HOST",),
        )
    else:
        print(f"nobody uses {stack}")
    raise typer.Exit(LockedError.exit_status if rows else 0)


def unlock(
    lock: Annotated[str, typer.Argument(help="The lock, as `locks` calls it.")],
    stack: StackOption,
    yes: YesOption = False,
) -> None:
    """Take away a lock of somebody who is no more. One whose holder shows a sign of life stays."""
    from slurm_appliance.errors import UsageError
    from slurm_appliance.journal.errors import LockedError
    from slurm_appliance.journal.heartbeat import PACE, heard
    from slurm_appliance.journal.lock import holders

    found = {holder.id: holder for holder in holders(_layout(stack))}
    if lock not in found:
        there = f"there are: {', '.join(found)}" if found else "nobody uses it"
        raise UsageError(f"stack {stack} has no lock {lock}", remedy=there)
    holder = found[lock]
    if not holder.gone:
        if holder.process is not None:
            say(f"listens for {2 * PACE.interval:.0f} s whether {holder} is alive ...")
        if _is_here(holder) or (holder.process is not None and heard(holder.path, 2 * PACE.interval)):
            raise LockedError(f"{holder} is alive", where=stack, remedy="end it, or wait until it has ended")
        say(f"no sign of life from {holder}")
        if not agreed(yes=yes):
            say("nothing was changed")
            raise typer.Exit(1)
    holder.path.unlink(missing_ok=True)
    print(f"removed the lock of {holder}; the next up goes on where it was")


def _is_here(holder: "Holder") -> bool:
    """Whether its process is one that can be seen from here, and runs."""
    from slurm_appliance.journal.process_identity import ProcessIdentity

    return holder.process is not None and holder.process.is_seen(ProcessIdentity.own())


def _layout(stack: str) -> "StateLayout":
    from slurm_appliance.errors import UsageError

    layout = cluster_of(stack).session.layout
    if layout is None:
        raise UsageError("the locks of this backend are Pulumi's own", remedy="`pulumi cancel` removes them")
    return layout
