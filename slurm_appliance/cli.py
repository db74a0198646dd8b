"""The command line: assembles the commands, prints errors and sets exit statuses.

Importing this module must stay fast: it imports no pulumi, openstack, ansible or pydantic. Each command imports what it
needs when it runs.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from localcloud.cli import app as cloud
from localcloud.errors import LocalCloudError
from slurm_appliance.commands import (
    adopt,
    check,
    check_cluster,
    config,
    demo,
    destroy,
    doctor,
    environment,
    history,
    image,
    init,
    locks,
    mirror,
    rollout,
    schema,
    secrets,
    site,
    slurm,
    status,
    test,
    up,
    update,
)
from slurm_appliance.commands.output import JSON_ASKED
from slurm_appliance.errors import ApplianceError
from toolchain.terminal import guarded


class _Commands(TyperGroup):
    """The one place that prints expected errors and sets the exit status."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        _reflow(self)

    def invoke(self, ctx: Any) -> Any:
        """Run the requested command."""
        try:
            return super().invoke(ctx)
        except (ApplianceError, LocalCloudError) as error:
            typer.echo(f"slurm-appliance: {error}", err=True)
            if ctx.meta.get(JSON_ASKED):
                from slurm_appliance.commands.error_document import error_document

                typer.echo(error_document(error).to_json())
            raise typer.Exit(error.exit_status) from None


app = typer.Typer(
    cls=_Commands,
    name="slurm-appliance",
    help="Slurm clusters on OpenStack: images, clusters and image changes that do not stop users' jobs.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # Locals may contain secrets.
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("demo", rich_help_panel="Try it")(demo.demo)
app.add_typer(cloud, name="cloud", rich_help_panel="Try it")
app.command("up", rich_help_panel="Clusters")(up.up)
app.command("preview", rich_help_panel="Clusters")(up.preview)
app.command("plan", rich_help_panel="Clusters", help="Another name for preview.")(up.preview)
app.command("update", rich_help_panel="Clusters")(update.update)
app.command("site", rich_help_panel="Clusters")(site.site)
app.command("status", rich_help_panel="Clusters")(status.status)
app.command("check-cluster", rich_help_panel="Clusters")(check_cluster.check_cluster)
app.command("adopt", rich_help_panel="Clusters")(adopt.adopt)
app.command("destroy", rich_help_panel="Clusters")(destroy.destroy)
app.command("history", rich_help_panel="Clusters")(history.history)
app.command("locks", rich_help_panel="Clusters")(locks.locks)
app.command("unlock", rich_help_panel="Clusters")(locks.unlock)
app.add_typer(config.app, name="config", rich_help_panel="Clusters")
app.add_typer(image.app, name="image", rich_help_panel="Clusters")
app.add_typer(mirror.app, name="mirror", rich_help_panel="Clusters")
app.add_typer(rollout.app, name="rollout", rich_help_panel="Clusters")
app.add_typer(secrets.app, name="secrets", rich_help_panel="Clusters")
app.add_typer(slurm.app, name="slurm", rich_help_panel="Clusters")
app.command("schema", rich_help_panel="Clusters")(schema.schema)
app.command("init", rich_help_panel="Clusters")(init.init)
app.command("doctor", rich_help_panel="This machine")(doctor.doctor)
app.command("env", rich_help_panel="This machine")(environment.env)
app.command("toolchain", rich_help_panel="This machine")(environment.toolchain)
app.command("test", rich_help_panel="Development")(test.run_tests)
app.command("check", rich_help_panel="Development")(check.check)


def _reflow(command: Any) -> None:
    """Reflow the help of a command and its subcommands to the terminal's width instead of the source's."""
    if command.help:
        command.help = "\n\n".join(" ".join(part.split()) for part in command.help.split("\n\n"))
    for below in getattr(command, "commands", {}).values():
        _reflow(below)


def _print_version(wanted: bool) -> None:
    if wanted:
        from slurm_appliance.deploy_host.commit import version

        typer.echo(f"slurm-appliance {version()}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and the commit if it is known.",
        ),
    ] = False,
    site: Annotated[
        Path | None,
        typer.Option(
            envvar="SLURM_APPLIANCE_SITE",
            exists=True,
            file_okay=False,
            help="A site repository. Default: the one that the working folder is in; else the checkout.",
        ),
    ] = None,
    stacks: Annotated[
        Path | None,
        typer.Option(
            envvar="SLURM_APPLIANCE_STACKS",
            exists=True,
            file_okay=False,
            help="Folder of the stack files, for a site without such a repository. Default: stacks/ of it.",
        ),
    ] = None,
) -> None:
    """Handle the options before the command."""
    from slurm_appliance.site_repository import place

    if (chosen := place.chosen_stacks(site, stacks)) is not None:
        # Read by site_repository.current, which commands import later, and by child programs in other folders.
        os.environ[place.STACKS_VARIABLE] = str(chosen)


def main() -> None:
    """Run the command line, and exit with its status."""
    with guarded():
        app(prog_name="slurm-appliance")
