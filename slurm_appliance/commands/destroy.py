"""``slurm-appliance destroy``: delete a cluster, but for what outlives it."""

from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import say
from slurm_appliance.commands.stacks import AllowOption, LockTimeoutOption, StackOption, YesOption, cluster_of, seconds

if TYPE_CHECKING:
    from slurm_appliance.api import Destruction


def destroy(
    stack: StackOption,
    yes: YesOption = False,
    delete_volumes: Annotated[
        bool, typer.Option("--delete-volumes", help="Delete the state and home volumes, too, with all that is on them.")
    ] = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
) -> None:
    """Delete a cluster. Its state and home volumes stay, and the next up attaches them again.

    Exit status 0: done; 3: the environment is protected; 5: somebody else uses the stack; 1: anything else.
    """
    cluster = cluster_of(stack, lock_timeout=seconds(lock_timeout))

    def approve(what: "Destruction") -> bool:
        if not what.resources:
            return True
        print(f"{what.servers} servers and everything else that belongs to {stack} will be deleted")
        for each in what.staying:
            print(f"stays: {each.what}")
        for used in cluster.kept_by_others():
            print(f"stays, because it was there before: {used}")
        return agreed(yes=yes)

    done = cluster.destroy(approve=approve, allow_disruptive=allow_disruptive, delete_volumes=delete_volumes)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if not done.changes:
        say(f"there is nothing of {stack} to delete")
        return
    print(f"Deleted {done.changes.get('delete', 0)} resources. The log is {done.log}")
    if not delete_volumes:
        print(f"Delete the volumes, too: ./slurm-appliance destroy --stack {stack} --delete-volumes")
