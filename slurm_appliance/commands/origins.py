"""Shows where each value of a configuration comes from: a default, a layer's group_vars, the stack file."""

import json
from pathlib import Path

import typer

from slurm_appliance.commands.output import print_table


def show_origins(path: Path, *, as_json: bool) -> None:
    """Print the settings with their values and origins, then the layers' variables, whose values may be secret."""
    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.show import origins
    from slurm_appliance.site_layer.layers import layer_of_file
    from slurm_appliance.site_layer.variables import layer_variables

    layer = layer_of_file(path)
    settings = [
        {"path": setting, "value": value, "origin": "stack file" if given else "default", "file": str(path) * given}
        for setting, value, given in origins(from_stack_file(path))
    ]
    variables = [
        {
            "group": each.group,
            "name": each.name,
            "origin": each.layer,
            "file": str(each.source),
        }
        for each in (layer_variables(layer) if layer else ())
    ]
    if as_json:
        typer.echo(json.dumps({"settings": settings, "variables": variables}, indent=2))
        return
    rows = [(str(row["path"]), json.dumps(row["value"]), str(row["origin"])) for row in settings]
    print_table(("SETTING", "VALUE", "FROM"), rows)
    if variables:
        typer.echo()
        print_table(
            ("GROUP", "VARIABLE", "FROM", "FILE"),
            [(row["group"], row["name"], row["origin"], row["file"]) for row in variables],
        )
