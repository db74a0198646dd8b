"""``slurm-appliance rollout``: bring compute nodes to their target image, a few at a time."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.output import Output, OutputOption
from slurm_appliance.errors import UsageError

if TYPE_CHECKING:
    from slurm_appliance.rollout.access import Access

app = typer.Typer(help="Bring compute nodes to their target image through Slurm, without losing a job.")

StackOption = Annotated[str | None, typer.Option("--stack", "-s", help="The stack that the cluster belongs to.")]
CloudOption = Annotated[str | None, typer.Option(help="Entry of clouds.yaml. Not set: the stack's.")]
HereOption = Annotated[bool, typer.Option("--here", help="This machine is the control node.")]
PartitionOption = Annotated[
    list[str] | None,
    typer.Option("--partition", "-p", help="Only nodes of this partition; may be given several times."),
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
        int, typer.Option(min=1, help="Nodes under way at a time, those that wait for jobs included.")
    ] = 1,
    max_unavailable: Annotated[
        str | None,
        typer.Option(help="Nodes out of service at a time, for whatever reason: 3 or 10%. Not set: --batch."),
    ] = None,
    canary: Annotated[int, typer.Option(min=0, help="Nodes that must be done before any other begins.")] = 1,
    stop_after_failures: Annotated[int, typer.Option(min=1, help="Begin no more after so many failed nodes.")] = 1,
    retries: Annotated[int, typer.Option(min=0, help="Tries after a failure.")] = 1,
    via: Annotated[str, typer.Option(help="reboot: drain, then reboot. job: one --reboot job a node.")] = "reboot",
    drain_limit: Annotated[
        float | None, typer.Option(help="Minutes to wait for a node's jobs; then it is given back. Not set: no limit.")
    ] = None,
    job_partition: Annotated[str | None, typer.Option(help="With --via job: the partition of these jobs.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and end.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Bring compute nodes to their target image. Killed, it goes on where it was; done nodes are left alone.

    Exit status 0: no node failed; 1: one did, or the rollout stopped.
    """
    if context.invoked_subcommand:
        return
    from slurm_appliance.rollout.policy import Policy, Via
    from slurm_appliance.rollout.run import Rollout

    if via not in set(Via):
        raise UsageError(f"--via {via!r} is neither reboot nor job")
    access = _access(stack, cloud, here=here)
    task = Rollout(access, Via(via), job_partition)
    names = task.select(nodes, partition or ())
    policy = Policy(
        batch=batch,
        max_unavailable=_budget(max_unavailable, batch, len(names)),
        canary=canary,
        stop_after_failures=stop_after_failures,
        retries=retries,
        via=Via(via),
        drain_limit=None if drain_limit is None else drain_limit * 60,
        reboot_limit=task.reboot_limit(),
    )
    if dry_run:
        _print_rows(*task.preview(names, policy), output)
        return
    _run(task, names, policy, output)


@app.command()
def status(
    stack: StackOption = None,
    cloud: CloudOption = None,
    here: HereOption = False,
    nodes: NodesOption = None,
    partition: PartitionOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Show each node: Slurm's state, current and target image, how far a rollout is with it, since when and why."""
    from slurm_appliance.rollout.run import Rollout

    task = Rollout(_access(stack, cloud, here=here))
    _print_rows(*task.status(task.select(nodes, partition or ())), output)


def _access(stack: str | None, cloud: str | None, *, here: bool) -> "Access":
    from slurm_appliance.commands.config import stack_file_of
    from slurm_appliance.rollout import access

    if here == bool(stack):
        raise UsageError("which cluster?", remedy="name a stack: --stack NAME; or, on its control node: --here")
    if here:
        return access.here()
    name = str(stack)
    return access.of_stack(name, stack_file_of(name, None), cloud)


def _budget(text: str | None, batch: int, nodes: int) -> int:
    from slurm_appliance.rollout.policy import unavailable_budget

    return batch if text is None else unavailable_budget(text, nodes)


def _run(task: Any, names: list[str], policy: Any, output: Output) -> None:
    """Run a rollout and show its course."""
    from rich.console import Console

    from slurm_appliance.rollout.watchers import JsonLines, LiveTable, PlainLines

    console = Console()
    lines = JsonLines(typer.echo)
    live = LiveTable(console) if output is Output.text and console.is_terminal else None
    watcher = live or (lines if output is Output.json else PlainLines(typer.echo))
    try:
        with live or nullcontext():
            end = task.run(names, policy, watcher)
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted. What is under way, Slurm and the RebootProgram bring to its end; "
            "the same command again goes on from here.",
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
    from rich.console import Console

    from slurm_appliance.rollout.view import folded
    from slurm_appliance.rollout.watchers import nodes_table

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240
    console.print(nodes_table(folded(listed), now))
