"""``slurm-appliance destroy``: delete a cluster, but for what outlives it."""

from typing import Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import say
from slurm_appliance.commands.stacks import AllowOption, LockTimeoutOption, StackOption, YesOption, seconds, session_of


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
    from slurm_appliance.deployment import operations
    from slurm_appliance.deployment.keeping import never_ours
    from slurm_appliance.deployment.refusals import refuse_destruction

    session = session_of(stack, patience=seconds(lock_timeout))
    refuse_destruction(session, allow_disruptive)

    def approve(what: operations.Destruction) -> bool:
        if not what.resources:
            return True
        print(f"{what.servers} servers and everything else that belongs to {stack} will be deleted")
        for each in what.staying:
            print(f"stays: {each.what}")
        for used in never_ours(session.config):
            print(f"stays, because it was there before: {used}")
        return agreed(yes=yes)

    done = operations.destroy(session, approve, delete_volumes=delete_volumes)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if not done.changes:
        say(f"there is nothing of {stack} to delete")
        return
    print(f"Deleted {done.changes.get('delete', 0)} resources. The log is {done.log}")
    if not delete_volumes:
        print(f"Delete the volumes, too: ./slurm-appliance destroy --stack {stack} --delete-volumes")
