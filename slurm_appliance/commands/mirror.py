"""``slurm-appliance mirror``: a package mirror of your own, with snapshots that image builds pin."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.output import Output, OutputOption, print_table, say

if TYPE_CHECKING:  # The command line must import fast.
    from mirror.pulp import Pulp
    from mirror.snapshot import Snapshot


app = typer.Typer(
    help="Run your own package mirror (Pulp): time-stamped snapshots of repositories that image builds can pin.",
    no_args_is_help=True,
)


_Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The list of repositories (see docs/mirror.md). Default: mirror.yaml next to the stack files.",
        show_default=False,
    ),
]
_Limit = Annotated[int, typer.Option("--limit", help="Timeout for Pulp's tasks, in minutes.", min=1)]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


@app.command()
def up(
    address: Annotated[
        str | None,
        typer.Option(help="IP address to serve on. Initially 127.0.0.1: this machine only."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="TCP port to serve on. Initially 24816.", min=1024, max=65535)
    ] = None,
    api_port: Annotated[
        int | None,
        typer.Option(help="TCP port of Pulp's REST API, on 127.0.0.1. Initially 24817.", min=1024, max=65535),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Number of parallel tasks. Initially 2.", min=1, max=64)] = None,
    tls_certificate: Annotated[str | None, typer.Option(help="PEM file of a certificate, to serve HTTPS.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    host_name: Annotated[str | None, typer.Option(help="Host name to use in URLs instead of the address.")] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in the foreground until the mirror ends; for system services.")
    ] = False,
) -> None:
    """Start the mirror, installing it the first time. Options are saved for later starts."""
    from mirror import service
    from mirror.errors import MirrorServiceError
    from mirror.locks import command_lock
    from mirror.options import Options
    from mirror.places import MirrorPlaces

    places = MirrorPlaces.default()
    with service.foreground(places) if foreground else nullcontext():
        with command_lock(places, "up"):
            options = Options.load(places).changed(
                address=address,
                port=port,
                api_port=api_port,
                workers=workers,
                tls_certificate=tls_certificate,
                tls_key=tls_key,
                host_name=host_name,
            )
            process = service.up(places, options, lambda step, took: say(f"{took:7.1f} s  {service.STEPS[step]}"))
        print(f"{'up' if process else 'up already'}: serving snapshots at {options.content_url}", flush=True)
        if foreground and process is None:
            raise MirrorServiceError("another command started it", where="mirror", remedy="run 'mirror down' first")
        if foreground and process is not None:
            raise typer.Exit(process.wait())


@app.command()
def down() -> None:
    """Stop the mirror and all its processes. Its snapshots are kept; `mirror up` serves them again."""
    from mirror import service
    from mirror.locks import command_lock
    from mirror.places import MirrorPlaces

    places = MirrorPlaces.default()
    with command_lock(places, "down"):
        typer.echo("stopped" if service.down(places) else "not running")


@app.command()
def reset(yes: _Yes = False) -> None:
    """Stop the mirror and remove all its data, including snapshots. Pulp's Python environment stays in the cache."""
    from mirror import service
    from mirror.locks import command_lock
    from mirror.places import MirrorPlaces

    places = MirrorPlaces.default()
    if not yes:
        typer.confirm(f"Remove {places.state} and all snapshots?", abort=True)
    with command_lock(places, "reset"):
        service.reset(places)
    typer.echo("removed")


@app.command()
def status(output: OutputOption = Output.text) -> None:
    """Show the mirror's state and its snapshots. Exit status 0: healthy; 3: down; 1: other problems."""
    from mirror.places import MirrorPlaces
    from mirror.report import look

    places = MirrorPlaces.default()
    found = look(places)
    there = []
    if found.state == "up":
        with _pulp() as pulp:
            from mirror.publishing import snapshots

            there = snapshots(pulp)
    if output is Output.json:
        content = found.options.content_url
        print(json.dumps({**found.as_json(), "snapshots": [_as_json(one, content) for one in there]}, indent=2))
    else:
        from rich.filesize import decimal

        trouble = found.failure or ", ".join(found.missing)
        print(f"{found.state}: {trouble}" if trouble else found.state)
        if found.processes:
            print(f"serving {found.options.content_url}; {found.processes} processes, {decimal(found.memory)} memory")
        print(f"{decimal(found.disk)} used by database and packages in {places.state}")
        for name, count in found.restarts.items():
            print(f"{name} was restarted {count} times")
        _print_snapshots(there, found.options.content_url)
    raise typer.Exit(found.exit_status)


def _beside_the_stacks() -> Path:
    from slurm_appliance.site_repository.current import STACKS

    return STACKS / "mirror.yaml"


@app.command()
def sync(config: _Config = None, limit: _Limit = 720, output: OutputOption = Output.text) -> None:
    """Sync the listed repositories from their upstreams. This does not change snapshots."""
    from dataclasses import asdict

    from mirror.config import load
    from mirror.locks import command_lock
    from mirror.places import MirrorPlaces
    from mirror.syncing import sync as run

    repositories = load(config or _beside_the_stacks())
    with command_lock(MirrorPlaces.default(), "sync"), _pulp() as pulp:
        outcome = run(pulp, repositories, limit * 60.0)
    if output is Output.json:
        print(json.dumps([asdict(one) for one in outcome], indent=2))
        return
    print_table(
        ("repository", "version", "packages", ""),
        [(one.name, str(one.version), str(one.packages), "changed" if one.changed else "unchanged") for one in outcome],
    )


@app.command()
def publish(
    config: _Config = None,
    snapshot: Annotated[
        str,
        typer.Option(
            help="Snapshot name, instead of a time stamp. If it exists, it is used unchanged.", show_default=False
        ),
    ] = "",
    sync_first: Annotated[bool, typer.Option("--sync", help="Sync first, unless the named snapshot exists.")] = False,
    limit: _Limit = 720,
    output: OutputOption = Output.text,
) -> None:
    """Create a snapshot of the last sync, unless nothing has changed, and print its base URLs."""
    from mirror import publishing
    from mirror.config import load
    from mirror.locks import command_lock
    from mirror.places import MirrorPlaces
    from mirror.service import require_up

    repositories = load(config or _beside_the_stacks())
    places = MirrorPlaces.default()
    with command_lock(places, "publish"), _pulp() as pulp:
        options = require_up(places)
        run = publishing.sync_and_publish if sync_first else publishing.publish
        plan, made = run(pulp, options, repositories, limit * 60.0, snapshot)
    if output is Output.json:
        answer = {"created": plan.create, "reason": plan.reason, **_as_json(made, options.content_url)}
        print(json.dumps(answer, indent=2))
        return
    say(f"snapshot {made.name}, {'new' if plan.create else 'not new'}: {plan.reason}")
    _print_snapshots([made], options.content_url)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Snapshots to remove.", metavar="SNAPSHOT...")], yes: _Yes = False
) -> None:
    """Remove snapshots and the packages that no other snapshot needs. Images are not touched."""
    from mirror import publishing

    with _changing("remove") as pulp:
        chosen = publishing.select(publishing.snapshots(pulp), names)
        _remove(pulp, chosen, yes)


@app.command()
def prune(
    keep: Annotated[int, typer.Option(help="Number of newest snapshots to keep.", min=1)],
    pin: Annotated[list[str] | None, typer.Option(help="Snapshot to keep regardless of age; may be repeated.")] = None,
    yes: _Yes = False,
) -> None:
    """Remove all snapshots except the newest."""
    from mirror import publishing
    from mirror.snapshot import plan_prune

    with _changing("prune") as pulp:
        there = publishing.snapshots(pulp)
        publishing.select(there, pin or [])
        _remove(pulp, publishing.select(there, plan_prune(there, keep, pin or [])), yes)


def _remove(pulp: "Pulp", chosen: "list[Snapshot]", yes: bool) -> None:
    from mirror import publishing

    names = ", ".join(one.name for one in chosen)
    if chosen and not yes:
        typer.confirm(f"Remove {names}?", abort=True)
    publishing.remove(pulp, chosen)
    typer.echo(f"removed: {names}" if names else "nothing to remove")


@contextmanager
def _pulp() -> "Iterator[Pulp]":
    """A client of the running mirror that reports progress on standard error."""
    from mirror.places import MirrorPlaces
    from mirror.pulp import Pulp
    from mirror.service import require_up

    places = MirrorPlaces.default()
    with Pulp.of(places, require_up(places), say) as pulp:
        yield pulp


@contextmanager
def _changing(command: str) -> "Iterator[Pulp]":
    from mirror.locks import command_lock
    from mirror.places import MirrorPlaces

    with command_lock(MirrorPlaces.default(), command), _pulp() as pulp:
        yield pulp


def _as_json(snapshot: "Snapshot", content_url: str) -> dict[str, Any]:
    return {
        "snapshot": snapshot.name,
        "complete": snapshot.complete,
        "repositories": {one.repository: f"{content_url}{one.path}/" for one in snapshot.served},
    }


def _print_snapshots(there: "list[Snapshot]", content_url: str) -> None:
    rows = [
        (one.name, served.repository, f"{content_url}{served.path}/", "" if one.complete else "incomplete")
        for one in there
        for served in one.served
    ]
    if rows:
        print_table(("snapshot", "repository", "base URL", ""), rows, whole=True)
