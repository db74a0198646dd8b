"""``slurm-appliance secrets``: the secrets that the stack generated."""

from typing import Annotated

import typer

from slurm_appliance.commands.output import say
from slurm_appliance.commands.stacks import StackOption

app = typer.Typer(help="The cluster's secrets: which there are, and new ones.", no_args_is_help=True)


@app.command("list")
def list_secrets(stack: StackOption) -> None:
    """List the secrets: where each comes from, and how often it was rotated. Values are not shown."""
    from slurm_appliance.secrets.rotation import known

    for secret in known(stack):
        print(f"{secret.name}: {secret.origin}")


@app.command()
def rotate(
    name: Annotated[str, typer.Argument(help="The secret's name; see list.")],
    stack: StackOption,
) -> None:
    """Have the next up generate a secret anew, this one alone, and bring it to the nodes."""
    from slurm_appliance.secrets.rotation import rotate as count_up

    times = count_up(stack, name)
    say(f"{name} is generated anew by the next up (rotation {times}): ./slurm-appliance up --stack {stack}")
