"""``slurm-appliance config``: check, show, explain and compare configurations."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.origins import show_origins
from slurm_appliance.commands.output import Output, OutputOption, print_table
from slurm_appliance.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from slurm_appliance.config.catalog import Setting
    from slurm_appliance.config.reference_names import ReferenceSetting
    from slurm_appliance.site_layer.layers import SiteLayer

app = typer.Typer(help="Check, show, explain and compare configurations.", no_args_is_help=True)


class Format(StrEnum):
    """How to print a configuration."""

    yaml = "yaml"
    json = "json"


StackOption = Annotated[str | None, typer.Option("--stack", "-s", help="Name of the stack.")]
FileOption = Annotated[Path | None, typer.Option("--file", "-f", help="Path of a stack file, instead of --stack.")]


@app.command()
def validate(
    stack: StackOption = None,
    file: FileOption = None,
    output: OutputOption = Output.text,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Also test the generated files with the Slurm installed here. Needs root.")
    ] = False,
) -> None:
    """Check a configuration and report all mistakes at once, with their paths and remedies. Exit status 1: mistakes."""
    from datetime import UTC, datetime

    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.certificates import certificates, ended
    from slurm_appliance.config.show import summary
    from slurm_appliance.site_layer.notes import site_notes

    path = stack_file_of(stack, file)
    try:
        config = from_stack_file(path)
        layer = _check_layer(path)
        if slurm:
            from slurm_appliance.slurm_trial.judge import check

            check(config, str(path))
        found = summary(config)
        notes = [str(note) for note in ended(certificates(config), datetime.now(tz=UTC))]
        notes += map(str, site_notes(path.parent, layer))
    except ConfigError as error:
        if output is not Output.json:
            raise
        problems = [{"path": each.path, "what": each.what, "remedy": each.remedy} for each in error.problems]
        typer.echo(json.dumps({"ok": False, "source": str(path), "problems": problems}, indent=2))
        raise typer.Exit(error.exit_status) from None
    if output is Output.json:
        typer.echo(json.dumps({"ok": True, "source": str(path), **found, "notes": notes}, indent=2))
    else:
        typer.echo(f"{path}: {found['settings']} settings, ok")
        typer.echo(_summary_text(found))
        for note in notes:
            typer.echo(f"note: {note}")


def _check_layer(path: Path) -> "SiteLayer | None":
    """The site's own layer of a stack file, checked.

    Raises:
        ConfigError: it cannot be used.
    """
    from slurm_appliance.errors import Problem
    from slurm_appliance.site_layer.errors import SiteLayerError
    from slurm_appliance.site_layer.layers import layer_of_file

    try:
        return layer_of_file(path)
    except SiteLayerError as error:
        raise ConfigError([Problem(error.where, error.what, error.remedy)], str(path)) from error


def _summary_text(found: Mapping[str, Any]) -> str:
    nodes = [
        f"  {kind:<11}{', '.join(f'{group}: {count}' for group, count in groups.items()).removeprefix('control: ')}"
        for kind, groups in found["nodes"].items()
    ]
    lines = {"cluster": found["cluster"], "environment": found["environment"], "image": found["image"]}
    head = [f"{name:<13}{value}" for name, value in lines.items()]
    return "\n".join([*head, f"{'networks':<13}{', '.join(found['networks'])}", "nodes", *nodes])


@app.command()
def show(
    stack: StackOption = None,
    file: FileOption = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="YAML or JSON.")] = Format.yaml,
    origin: Annotated[
        bool, typer.Option("--origin", help="Also print where each value comes from, and the layer's variables.")
    ] = False,
) -> None:
    """Print all settings with their values, defaults included. Secrets are masked."""
    import yaml

    if origin:
        show_origins(stack_file_of(stack, file), as_json=output is Format.json)
        return

    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.show import resolved

    values = resolved(from_stack_file(stack_file_of(stack, file)))
    text = json.dumps(values, indent=2) if output is Format.json else yaml.safe_dump(values, sort_keys=False, width=120)
    typer.echo(text.rstrip("\n"))


@app.command()
def explain(
    path: Annotated[str | None, typer.Argument(help="A setting, such as compute.general.flavor. Default: all.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Explain a setting: meaning, allowed values, default, and what changing it does to a running cluster."""
    from slurm_appliance.config.catalog import settings

    if path is None:
        found = list(settings())
    elif (known := _of_the_reference(path)) is not None:
        if output is Output.json:
            typer.echo(
                json.dumps([{"reference": path, "path": known.ours or None, "description": known.note}], indent=2)
            )
        else:
            typer.echo(f"{path}\n  A setting of the reference appliance; {known.advice}.")
        return
    else:
        setting = _setting_at(path)
        found = [setting, *(each for each in settings() if each.location[: len(setting.location)] == setting.location)]
        found = list(dict.fromkeys(found))
    if output is Output.json:
        typer.echo(json.dumps([_explanation(setting) for setting in found], indent=2))
    elif path is None:
        _print_settings(found)
    else:
        typer.echo(_explanation_text(found[0]))
        if len(found) > 1:
            typer.echo("\nContains:")
            _print_settings(found[1:])


def _of_the_reference(name: str) -> "ReferenceSetting | None":
    """The reference appliance's setting with this name, if it is not one of ours."""
    from slurm_appliance.config.catalog import matching
    from slurm_appliance.config.paths import parse
    from slurm_appliance.config.reference_names import reference_setting

    location = parse(name)
    return None if location and matching(location) else reference_setting(name)


def _setting_at(path: str) -> "Setting":
    from slurm_appliance.config.catalog import matching, settings
    from slurm_appliance.config.paths import parse
    from slurm_appliance.config.suggest import closest

    location = parse(path)
    setting = matching(location) if location else None
    if setting is None:
        meant = closest(path, [each.path for each in settings()])
        remedy = f"did you mean {meant}?" if meant else "run `config explain` to list all settings"
        raise UsageError(f"unknown setting {path}", remedy=remedy)
    return setting


def _explanation(setting: "Setting") -> dict[str, Any]:
    from slurm_appliance.config.catalog import default_of
    from slurm_appliance.config.show import plain_value

    return {
        "path": setting.path,
        "description": setting.description,
        "type": setting.type_text,
        "allowed": setting.allowed_text,
        "required": setting.field.is_required(),
        "default": plain_value(default_of(setting.field)),
        "examples": setting.field.examples or [],
        "policy": setting.policy.value,
        "consequence": setting.consequence,
        "secret": setting.secret,
    }


def _explanation_text(setting: "Setting") -> str:
    fields = _explanation(setting)
    rows = {
        "value": fields["type"] + (", secret" if fields["secret"] else ""),
        "allowed": fields["allowed"],
        "default": _default(setting),
        "example": json.dumps(fields["examples"][0]) if fields["examples"] else "",
        "a change": f"{fields['policy']}: {fields['consequence']}",
    }
    lines = [f"  {name:<9}{value}" for name, value in rows.items() if value]
    return "\n".join([setting.path, f"  {fields['description']}", "", *lines])


def _default(setting: "Setting") -> str:
    from slurm_appliance.config.reference import default_text

    return default_text(setting).strip("`")


def _print_settings(found: "Sequence[Setting]") -> None:
    rows = [(each.path, _default(each), each.policy.value, each.description) for each in found]
    print_table(("setting", "default", "a change", "meaning"), rows)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A stack or a stack file.")],
    new: Annotated[str, typer.Argument(help="A stack or a stack file.")],
    output: OutputOption = Output.text,
) -> None:
    """Compare two configurations: the settings that differ, and what the change would do to a running cluster."""
    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.changes import changes

    found = changes(from_stack_file(_named(old)), from_stack_file(_named(new)))
    if output is Output.json:
        keys = ("path", "old", "new", "policy", "consequence")
        typer.echo(json.dumps([{key: getattr(change, key) for key in keys} for change in found], indent=2))
        return
    for change in found:
        typer.echo(f"{change.path}: {json.dumps(change.old)} → {json.dumps(change.new)}")
        typer.echo(f"  {change.policy.value}: {change.consequence}")
    typer.echo(f"{len(found)} setting{'s' if len(found) != 1 else ''} differ{'s' if len(found) == 1 else ''}")


def _named(stack_or_file: str) -> Path:
    """The path of a file, or of a stack's file."""
    path = Path(stack_or_file)
    return path if path.exists() or "/" in stack_or_file else stack_file_of(stack_or_file, None)


def stack_file_of(stack: str | None, file: Path | None, folder: Path | None = None) -> Path:
    """The stack file selected by the options.

    Raises:
        UsageError: both or none of them are set, or the stack does not exist.
    """
    from slurm_appliance.engine.project import stack_file
    from slurm_appliance.site_repository.current import STACKS
    from slurm_appliance.site_repository.place import known_stacks

    if stack is not None and file is not None:
        raise UsageError("--stack and --file cannot be combined", remedy="use one of them")
    if file is not None:
        return file
    if stack is None:
        stacks = ", ".join(known_stacks(folder or STACKS)) or "none"
        raise UsageError("no configuration given", remedy=f"add --stack NAME (there are: {stacks}) or --file PATH")
    return stack_file(stack, folder or STACKS)
