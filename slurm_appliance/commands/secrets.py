"""``slurm-appliance secrets``: the secrets that the stack generated."""

from typing import Annotated

import typer

from slurm_appliance.commands.output import say
from slurm_appliance.commands.stacks import StackOption

app = typer.Typer(help="List and rotate the cluster's secrets.", no_args_is_help=True)


@app.command("list")
def list_secrets(stack: StackOption) -> None:
    """List the secrets: where each comes from, and how often it was rotated. Does not print values."""
    from slurm_appliance.secrets.rotation import known

    for secret in known(stack):
        print(f"{secret.name}: {secret.origin}")


@app.command()
def rotate(
    name: Annotated[str, typer.Argument(help="The secret's name, as shown by `secrets list`.")],
    stack: StackOption,
) -> None:
    """Rotate one secret: the next up generates it again and copies it to the nodes."""
    from slurm_appliance.secrets.rotation import rotate as count_up

    times = count_up(stack, name)
    say(f"the next up generates {name} again (rotation {times}): ./slurm-appliance up --stack {stack}")
