"""``slurm-appliance destroy``: delete a cluster, but for what outlives it."""

from typing import Annotated

import typer

from slurm_appliance.commands.stacks import AllowOption, StackOption, YesOption, say, session_of


def destroy(
    stack: StackOption,
    yes: YesOption = False,
    delete_volumes: Annotated[
        bool, typer.Option("--delete-volumes", help="Delete the state and home volumes, too, with all that is on them.")
    ] = False,
    allow_disruptive: AllowOption = False,
) -> None:
    """Delete a cluster. Its state and home volumes stay, and the next up attaches them again."""
    from slurm_appliance.deployment import operations
    from slurm_appliance.deployment.keeping import given_up, kept, never_ours

    session = session_of(stack)
    deployment = session.deployment()
    if not deployment.get("resources"):
        say(f"there is nothing of {stack} to delete")
        return
    operations.refuse_destruction(session, allow_disruptive)
    staying = [] if delete_volumes else kept(deployment)
    servers = sum(each["type"].endswith(":Instance") for each in deployment["resources"])
    print(f"{servers} servers and everything else that belongs to {stack} will be deleted")
    for each in staying:
        print(f"stays: {each.what}")
    for used in never_ours(session.config):
        print(f"stays, because it was there before: {used}")
    if not yes and not typer.confirm("Go on?", err=True):
        say("nothing was changed")
        raise typer.Exit(1)
    if delete_volumes:
        session.set_deployment(given_up(deployment))
    done = operations.destroy(session, [each.urn for each in staying])
    print(f"Deleted {done.changes.get('delete', 0)} resources. The log is {done.log}")
    if staying:
        print(f"Delete the volumes, too: ./slurm-appliance destroy --stack {stack} --delete-volumes")
