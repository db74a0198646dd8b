"""``slurm-appliance destroy``: delete a cluster; protected volumes are kept."""

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
        bool, typer.Option("--delete-volumes", help="Also delete the kept volumes and shares and all their data.")
    ] = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
) -> None:
    """Delete a cluster. Its state and home volumes and its shares are kept; the next up uses them again.

    Exit status 0: done; 3: the environment is protected; 5: the stack is locked; 1: any other error.
    """
    cluster = cluster_of(stack, lock_timeout=seconds(lock_timeout))

    def approve(what: "Destruction") -> bool:
        if not what.resources:
            return True
        print(f"{what.servers} servers and all other resources of {stack} will be deleted")
        for each in what.staying:
            print(f"kept: {each.what}")
        for used in cluster.kept_by_others():
            print(f"kept, because it is not ours: {used}")
        return agreed(yes=yes)

    done = cluster.destroy(approve=approve, allow_disruptive=allow_disruptive, delete_volumes=delete_volumes)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if not done.changes:
        say(f"{stack} has nothing to delete")
        return
    print(f"Deleted {done.counts.get('delete', 0)} resources. Log: {done.log}")
    if not delete_volumes:
        print(f"To delete what was kept as well: ./slurm-appliance destroy --stack {stack} --delete-volumes")
