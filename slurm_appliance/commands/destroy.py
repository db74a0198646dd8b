"""``slurm-appliance destroy``: delete a cluster; protected volumes are kept."""

from typing import Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import say
from slurm_appliance.commands.stacks import AllowOption, LockTimeoutOption, StackOption, YesOption, seconds, session_of


def destroy(
    stack: StackOption,
    yes: YesOption = False,
    delete_volumes: Annotated[
        bool, typer.Option("--delete-volumes", help="Also delete the state and home volumes and all their data.")
    ] = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
) -> None:
    """Delete a cluster. Its state and home volumes are kept; the next up attaches them again.

    Exit status 0: done; 3: the environment is protected; 5: the stack is locked; 1: any other error.
    """
    from slurm_appliance.deployment import operations
    from slurm_appliance.deployment.keeping import external_resources
    from slurm_appliance.deployment.refusals import refuse_destruction

    session = session_of(stack, lock_timeout=seconds(lock_timeout))
    refuse_destruction(session, allow_disruptive)

    def approve(what: operations.Destruction) -> bool:
        if not what.resources:
            return True
        print(f"{what.servers} servers and all other resources of {stack} will be deleted")
        for each in what.staying:
            print(f"kept: {each.what}")
        for used in external_resources(session.config):
            print(f"kept, because it is not ours: {used}")
        return agreed(yes=yes)

    done = operations.destroy(session, approve, delete_volumes=delete_volumes)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if not done.changes:
        say(f"{stack} has nothing to delete")
        return
    print(f"Deleted {done.changes.get('delete', 0)} resources. Log: {done.log}")
    if not delete_volumes:
        print(f"To delete the volumes as well: ./slurm-appliance destroy --stack {stack} --delete-volumes")
