"""``slurm-appliance cloud``: the commands. Thin: each imports what it needs when it runs, and calls one function."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(
    help="A real OpenStack on this machine whose servers boot: to try the appliance, and to test it.",
    no_args_is_help=True,
)


class OutputFormat(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


@app.command()
def up(
    install: Annotated[
        bool, typer.Option(help="Install missing Debian packages, saying which and why; if not, list them and stop.")
    ] = True,
) -> None:
    """Start the cloud, or what of it does not run. The first time also installs it: a few minutes."""
    from localcloud.control import lifecycle
    from localcloud.control.credentials import CLOUD
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    layout = CloudLayout.of_user()
    lifecycle.up(layout, Steps(_progress), install=install)
    typer.echo(f'Use it: eval "$(slurm-appliance cloud env)" sets OS_CLIENT_CONFIG_FILE and OS_CLOUD={CLOUD}.')


@app.command()
def down() -> None:
    """Stop the cloud with its servers; no process, mount or interface is left. Its data stay: up brings it back."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    lifecycle.down(CloudLayout.of_user(), Steps(_progress))


@app.command()
def reset() -> None:
    """Stop the cloud and remove its data: servers, images, volumes, users. Installed packages and templates stay."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    lifecycle.reset(CloudLayout.of_user(), Steps(_progress))


@app.command()
def image(system: Annotated[str, typer.Argument(help="debian-12 or debian-13.")]) -> None:
    """Give the running cloud the base image of another system than the one that each cloud has."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps
    from localcloud.image import systems

    lifecycle.add_image(CloudLayout.of_user(), systems.system(system), Steps(_progress))


@app.command()
def status(
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="For people, or for programs.")
    ] = OutputFormat.TEXT,
) -> None:
    """Say which services run and answer. Ends with 0 if all do, 1 if one does not, 3 if the cloud is down."""
    from localcloud.control import status as report
    from localcloud.host.layout import CloudLayout

    found = report.look(CloudLayout.of_user())
    typer.echo(found.as_json() if output is OutputFormat.JSON else found.as_text())
    raise typer.Exit(found.exit_status)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="Which service; all of them if none is named.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written next.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of each log to begin with.")] = 50,
) -> None:
    """Show the services' logs."""
    from localcloud.control.logs import show
    from localcloud.host.layout import CloudLayout

    show(CloudLayout.of_user(), service, lines=lines, follow=follow)


@app.command()
def env() -> None:
    """Print export lines for a shell: which clouds.yaml and cloud OpenStack clients use, and the package mirror."""
    from localcloud.control.shell import export_lines
    from localcloud.host.layout import CloudLayout

    typer.echo("\n".join(export_lines(CloudLayout.of_user())))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ssh(
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="A server's name or id.")],
    user: Annotated[str, typer.Option("--login", "-l", help="Log in as; the image's os_admin_user if not given.")] = "",
) -> None:
    """Log in to a server by ssh; what follows is handed on to ssh (options, a command).

    The server's host keys are read from its console log through Nova, where cloud-init prints them, and nothing else is
    trusted: a server that was rebuilt or an address that was used before raises no false alarm, and no key is accepted
    unseen.
    """
    from localcloud.control.login import run_ssh
    from localcloud.host.layout import CloudLayout

    raise typer.Exit(run_ssh(CloudLayout.of_user(), node, user, context.args))


@app.command()
def tempest(
    tests: Annotated[str, typer.Argument(help="Regular expression for the tests' names.")] = "",
    smoke: Annotated[bool, typer.Option(help="Only what tempest calls smoke tests.")] = True,
    workers: Annotated[int, typer.Option(help="Tests at the same time.")] = 2,
) -> None:
    """Run OpenStack's own integration tests against the cloud and compare with the list of known failures."""
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps
    from localcloud.tempest.run import run_tempest

    verdict = run_tempest(CloudLayout.of_user(), Steps(_progress), tests, smoke=smoke, workers=workers)
    for what, names in (
        ("failed, not on the list", verdict.surprises),
        ("passed, take it off the list", verdict.recovered),
        ("failed as listed", verdict.known),
    ):
        for name in names:
            typer.echo(f"{what}: {name}")
    typer.echo(f"{len(verdict.passed)} passed, {len(verdict.known)} failed as listed, {len(verdict.skipped)} skipped")
    raise typer.Exit(0 if verdict.good else 1)


fault = typer.Typer(help="Make services fail on purpose, to see what then happens.", no_args_is_help=True)
app.add_typer(fault, name="fault")


@fault.command("add")
def fault_add(
    effect: Annotated[
        str,
        typer.Argument(
            help="answer (with --status), delay (by --seconds), cut-before or cut-after the work is done; "
            "rebuild-error or never-boots (for --server)."
        ),
    ],
    service: Annotated[str, typer.Option(help="Whose calls: keystone, glance, nova, ..., or metadata.")] = "nova",
    method: Annotated[str, typer.Option(help="HTTP method, or * for any.")] = "*",
    path: Annotated[
        str, typer.Option(help="Regular expression searched in the path, such as /servers/.*/action$.")
    ] = "",
    body: Annotated[str, typer.Option(help="Regular expression searched in the request's body.")] = "",
    server: Annotated[str, typer.Option(help="Regular expression searched in the server's name and id.")] = "",
    status: Annotated[int, typer.Option(help="What to answer: 409, 429, 500 or 503.")] = 500,
    seconds: Annotated[float, typer.Option(help="How long to delay, or what Retry-After says.")] = 1.0,
    times: Annotated[int, typer.Option(help="For how many calls; 0 for all until it is cleared.")] = 1,
) -> None:
    """Switch a fault on and print its id."""
    from localcloud.faults.fault import Fault
    from localcloud.faults.store import FaultStore
    from localcloud.host.layout import CloudLayout

    one = Fault.from_dict(
        {"effect": effect, "service": service, "method": method, "path": path, "body": body, "server": server}
        | {"status": status, "seconds": seconds, "times": times or None}
    )
    typer.echo(FaultStore(CloudLayout.of_user().faults).add(one).id)


@fault.command("list")
def fault_list() -> None:
    """Show the faults that are on, one JSON object a line."""
    import json

    from localcloud.faults.store import FaultStore
    from localcloud.host.layout import CloudLayout

    for one in FaultStore(CloudLayout.of_user().faults).faults():
        typer.echo(json.dumps(one.as_dict()))


@fault.command("clear")
def fault_clear(identity: Annotated[str, typer.Argument(help="Which one; all if none is named.")] = "") -> None:
    """Switch faults off."""
    from localcloud.faults.store import FaultStore
    from localcloud.host.layout import CloudLayout

    typer.echo(f"{FaultStore(CloudLayout.of_user().faults).clear(identity or None)} switched off")


def _progress(line: str) -> None:
    # Standard output is for results.
    print(line, file=sys.stderr, flush=True)
