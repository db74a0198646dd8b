"""``slurm-appliance rollout``: bring compute nodes to their target image, a few at a time."""

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.clouds import find_local_cloud
from slurm_appliance.commands.output import Output, OutputOption, console
from slurm_appliance.commands.stacks import LockTimeoutOption, seconds
from slurm_appliance.errors import UsageError

if TYPE_CHECKING:
    from slurm_appliance.rollout.access import ClusterAccess

app = typer.Typer()

StackOption = Annotated[str | None, typer.Option("--stack", "-s", envvar="PULUMI_STACK", help="Name of the stack.")]
CloudOption = Annotated[str | None, typer.Option(help="Entry of clouds.yaml. Default: the stack's.")]
HereOption = Annotated[bool, typer.Option("--here", help="Run on the control node itself, without a stack.")]
PartitionOption = Annotated[
    list[str] | None,
    typer.Option("--partition", "-p", help="Only nodes of this partition; may be repeated."),
]
NodesOption = Annotated[str | None, typer.Option("--nodes", "-w", help="Only these nodes: c[001-016],gpu-1.")]


@app.callback(invoke_without_command=True)
def rollout(
    context: typer.Context,
    stack: StackOption = None,
    cloud: CloudOption = None,
    here: HereOption = False,
    nodes: NodesOption = None,
    partition: PartitionOption = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of nodes in progress, including draining nodes.")
    ] = None,
    max_unavailable: Annotated[
        str | None, typer.Option(help="Maximum number of nodes out of service for any reason: 3 or 10%.")
    ] = None,
    canary: Annotated[
        int | None, typer.Option(min=0, help="Number of nodes that must succeed before the others start.")
    ] = None,
    stop_after_failures: Annotated[
        int | None, typer.Option(min=1, help="Start no more nodes after N failures.")
    ] = None,
    retries: Annotated[int, typer.Option(min=0, help="Retries per node.")] = 1,
    via: Annotated[
        str | None, typer.Option(help="reboot: drain, then reboot. job: submit one --reboot job per node.")
    ] = None,
    drain_timeout: Annotated[
        int | None, typer.Option(min=1, help="Timeout for a node's jobs to end, in seconds; then the node is resumed.")
    ] = None,
    node_timeout: Annotated[
        int | None, typer.Option(min=1, help="Timeout for a node to come back, in seconds; at least ResumeTimeout.")
    ] = None,
    job_partition: Annotated[str | None, typer.Option(help="Partition of the jobs that --via job submits.")] = None,
    lock_timeout: LockTimeoutOption = "0",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and exit.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Bring compute nodes to their target image through Slurm, without losing a job.

    If interrupted, run it again: it continues, and skips finished nodes. Options override the stack's
    setting rollout. Exit status 0: no node failed; 1: a node failed, or the rollout stopped; 5: another one is running.
    """
    if context.invoked_subcommand:
        # Options before the subcommand also apply to it.
        context.default_map = {
            context.invoked_subcommand: {name: each for name, each in context.params.items() if each}
        }
        return
    from slurm_appliance.config.rollout import RolloutMethod
    from slurm_appliance.rollout.policy import Policy, unavailable_budget
    from slurm_appliance.rollout.run import Rollout

    if via not in {None, *RolloutMethod}:
        raise UsageError(f"--via {via!r} is neither reboot nor job")
    access = _access(stack, cloud, here=here)
    task = Rollout(access, RolloutMethod(via or access.settings.via), job_partition)
    names = task.select(nodes, partition or ())
    slurm_limit = task.reboot_limit()
    given: dict[str, Any] = {
        "batch": batch,
        "max_unavailable": unavailable_budget(max_unavailable, len(names)) if max_unavailable else None,
        "canary": canary,
        "stop_after_failures": stop_after_failures,
        "retries": retries,
        "via": RolloutMethod(via) if via else None,
        "drain_limit": drain_timeout,
        "reboot_limit": max(float(node_timeout), slurm_limit) if node_timeout else None,
    }
    said = {name: value for name, value in given.items() if value is not None}
    policy = replace(Policy.of(access.settings, len(names), slurm_limit), **said)
    if dry_run:
        _print_rows(*task.preview(names, policy), output)
        return
    _run(task, names, policy, output, seconds(lock_timeout))


@app.command()
def status(
    stack: StackOption = None,
    cloud: CloudOption = None,
    here: HereOption = False,
    nodes: NodesOption = None,
    partition: PartitionOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Show each node: Slurm's state, current and target image, rollout state, since when and why."""
    from slurm_appliance.rollout.run import Rollout

    task = Rollout(_access(stack, cloud, here=here))
    _print_rows(*task.status(task.select(nodes, partition or ())), output)


def roll_out(stack: str, output: Output, lock_timeout: float) -> None:
    """Roll out to all compute nodes of a stack by its own settings.

    Raises:
        ApplianceError: a node failed, or the rollout stopped.
    """
    from slurm_appliance.rollout.run import rollout_of

    _run(*rollout_of(_access(stack, None, here=False)), output, lock_timeout)


def _access(stack: str | None, cloud: str | None, *, here: bool) -> "ClusterAccess":
    from slurm_appliance.cloud.connection import usable_entry
    from slurm_appliance.commands.config import stack_file_of
    from slurm_appliance.config.stack_file import cloud_of
    from slurm_appliance.rollout import access

    if here:
        return access.here()
    if not stack:
        raise UsageError("no cluster given", remedy="add --stack NAME or, on its control node, --here")
    name = str(stack)
    path = stack_file_of(name, None)
    named = cloud or usable_entry(cloud_of(path))
    find_local_cloud(named)
    return access.of_stack(name, path, named)


def _run(task: Any, names: list[str], policy: Any, output: Output, lock_timeout: float) -> None:
    """Run a rollout and show its progress."""
    from slurm_appliance.rollout.watchers import JsonLines, LiveTable, PlainLines

    screen = console()
    lines = JsonLines(typer.echo)
    live = LiveTable(screen) if output is Output.text and screen.is_terminal else None
    watcher = live or (lines if output is Output.json else PlainLines(typer.echo))
    try:
        with live or nullcontext():
            end = task.run(names, policy, watcher, lock_timeout=lock_timeout)
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted. Slurm and the RebootProgram finish the nodes in progress; "
            "run the same command again to continue.",
            err=True,
        )
        raise typer.Exit(130) from None
    if output is Output.json:
        lines.end(end.verdict.value, end.records, end.why)
    task.judge(end)


def _print_rows(listed: list[Any], now: float, output: Output) -> None:
    import json

    if output is Output.json:
        typer.echo(json.dumps([row.as_json() for row in listed], indent=2))
        return
    from slurm_appliance.rollout.view import folded
    from slurm_appliance.rollout.watchers import nodes_table

    console().print(nodes_table(folded(listed), now))
