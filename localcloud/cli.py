"""``slurm-appliance cloud``: the commands. Each imports what it needs when it runs, and calls one function."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from localcloud.host.server_kind import ServerKind
from localcloud.image.systems import SYSTEMS, system

app = typer.Typer(
    help="Run a real OpenStack on this machine, to try and test the appliance.",
    no_args_is_help=True,
)


class OutputFormat(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


@app.command()
def up(
    install: Annotated[
        bool, typer.Option(help="Install missing Debian packages; otherwise list them and stop.")
    ] = True,
    servers: Annotated[
        ServerKind | None,
        typer.Option(help="What servers are; decided when the cloud is made. Default: container, the fast ones."),
    ] = None,
    shares: Annotated[
        bool, typer.Option("--shares", help="Also run Manila: shares that nodes cannot mount. The cloud keeps it.")
    ] = False,
) -> None:
    """Start the cloud's services that are not running. The first time also installs them: a few minutes."""
    from localcloud.control import lifecycle
    from localcloud.control.credentials import CLOUD
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    layout = CloudLayout.of_user()
    lifecycle.up(layout, Steps(_progress), install=install, servers=servers, shares=shares)
    typer.echo(f'To use it: eval "$(slurm-appliance cloud env)" sets OS_CLIENT_CONFIG_FILE and OS_CLOUD={CLOUD}.')


@app.command()
def down() -> None:
    """Stop the cloud and its servers: all processes, mounts and interfaces. Data are kept; `cloud up` restores it."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    lifecycle.down(CloudLayout.of_user(), Steps(_progress))


@app.command()
def reset() -> None:
    """Stop the cloud and remove its data: servers, images, volumes, users. Keeps installed packages and templates."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    lifecycle.reset(CloudLayout.of_user(), Steps(_progress))


@app.command()
def image(
    name: Annotated[str, typer.Argument(metavar="SYSTEM", help=f"One of {', '.join(SYSTEMS)}.")],
) -> None:
    """Give the running cloud the base image of another system than the one that each cloud has."""
    from localcloud.control import lifecycle
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps

    lifecycle.add_image(CloudLayout.of_user(), system(name), Steps(_progress))


@app.command()
def status(
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="Output format: text, or JSON for scripts.")
    ] = OutputFormat.TEXT,
) -> None:
    """Show which services run and respond. Exit status 0: all do; 1: some do not; 3: the cloud is down."""
    from localcloud.control import status as report
    from localcloud.host.layout import CloudLayout

    found = report.look(CloudLayout.of_user())
    typer.echo(found.as_json() if output is OutputFormat.JSON else found.as_text())
    raise typer.Exit(found.exit_status)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="Name of a service. Default: all.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Number of lines of each log to print first.")] = 50,
) -> None:
    """Show the services' logs."""
    from localcloud.control.logs import show
    from localcloud.host.layout import CloudLayout

    show(CloudLayout.of_user(), service, lines=lines, follow=follow)


@app.command()
def env() -> None:
    """Print export lines for a shell: clouds.yaml and cloud for OpenStack clients, and the package mirror."""
    from localcloud.control.shell import export_lines
    from localcloud.host.layout import CloudLayout

    typer.echo("\n".join(export_lines(CloudLayout.of_user())))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ssh(
    context: typer.Context,
    node: Annotated[str, typer.Argument(help="A server's name or id.")],
    user: Annotated[
        str, typer.Option("--login", "-l", help="User to log in as. Default: the image's os_admin_user.")
    ] = "",
) -> None:
    """Log in to a server with ssh; other arguments are passed to ssh (options, a command).

    The server's host keys are read through Nova from its console log, where cloud-init prints them; no other key is
    trusted. A rebuilt server or a reused address raises no false alarm, and no key is trusted on first use.
    """
    from localcloud.control.login import run_ssh
    from localcloud.host.layout import CloudLayout

    raise typer.Exit(run_ssh(CloudLayout.of_user(), node, user, context.args))


@app.command()
def tempest(
    tests: Annotated[str, typer.Argument(help="Regular expression to select tests by name.")] = "",
    smoke: Annotated[bool, typer.Option(help="Run only tempest's smoke tests.")] = True,
    workers: Annotated[int, typer.Option(help="Number of parallel tests.")] = 2,
) -> None:
    """Run OpenStack's integration tests against the cloud and compare the results with the list of known failures."""
    from localcloud.host.layout import CloudLayout
    from localcloud.host.steps import Steps
    from localcloud.tempest.run import run_tempest

    verdict = run_tempest(CloudLayout.of_user(), Steps(_progress), tests, smoke=smoke, workers=workers)
    for what, names in (
        ("failed, not listed", verdict.surprises),
        ("passed, remove it from the list", verdict.recovered),
        ("failed as listed", verdict.known),
    ):
        for name in names:
            typer.echo(f"{what}: {name}")
    typer.echo(f"{len(verdict.passed)} passed, {len(verdict.known)} failed as listed, {len(verdict.skipped)} skipped")
    raise typer.Exit(0 if verdict.good else 1)


fault = typer.Typer(help="Inject faults into services, for tests.", no_args_is_help=True)
app.add_typer(fault, name="fault")


@fault.command("add")
def fault_add(
    effect: Annotated[
        str,
        typer.Argument(
            help="answer (with --status), delay (by --seconds), cut-before or cut-after processing; "
            "rebuild-error or never-boots (for --server)."
        ),
    ],
    service: Annotated[str, typer.Option(help="Service to affect: keystone, glance, nova, ..., or metadata.")] = "nova",
    method: Annotated[str, typer.Option(help="HTTP method, or * for any.")] = "*",
    path: Annotated[str, typer.Option(help="Regular expression for the path, such as /servers/.*/action$.")] = "",
    body: Annotated[str, typer.Option(help="Regular expression for the request body.")] = "",
    server: Annotated[str, typer.Option(help="Regular expression for the server's name and ID.")] = "",
    status: Annotated[int, typer.Option(help="Status to answer with: 409, 429, 500 or 503.")] = 500,
    seconds: Annotated[float, typer.Option(help="Delay, or value of Retry-After, in seconds.")] = 1.0,
    times: Annotated[int, typer.Option(help="Number of calls to affect; 0: all until cleared.")] = 1,
) -> None:
    """Enable a fault and print its ID."""
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
    """List the enabled faults, one JSON object per line."""
    import json

    from localcloud.faults.store import FaultStore
    from localcloud.host.layout import CloudLayout

    for one in FaultStore(CloudLayout.of_user().faults).faults():
        typer.echo(json.dumps(one.as_dict()))


@fault.command("clear")
def fault_clear(identity: Annotated[str, typer.Argument(help="ID of a fault. Default: all.")] = "") -> None:
    """Disable faults."""
    from localcloud.faults.store import FaultStore
    from localcloud.host.layout import CloudLayout

    typer.echo(f"{FaultStore(CloudLayout.of_user().faults).clear(identity or None)} faults disabled")


def _progress(line: str) -> None:
    # Standard output is for results.
    print(line, file=sys.stderr, flush=True)
