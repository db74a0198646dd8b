"""``slurm-appliance history``: who changed a cluster, when, from which commit, and how it ended."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from slurm_appliance.commands.output import Output, OutputOption, print_table
from slurm_appliance.commands.stacks import StackOption, cluster_of


def history(
    stack: StackOption,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="Show only the last N runs.")] = 20,
    output: OutputOption = Output.text,
) -> None:
    """Show who changed a cluster, when, from which commit, and how it ended; the newest first."""
    from slurm_appliance.errors import UsageError

    place = cluster_of(stack).session.layout
    if place is None:
        raise UsageError("this backend keeps its own history", remedy="show it with `pulumi stack history`")
    rows = [_row(update) for update in place.history(last)]
    if output is Output.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print_table(
            ("WHEN", "WHO", "DID", "RESULT", "CHANGED", "COMMIT", "MESSAGE"),
            [
                (
                    row["start"][:19],
                    row["user"],
                    row["kind"],
                    row["result"],
                    ", ".join(f"{count} {op}" for op, count in row["changes"].items()),
                    f"{row['commit'][:10]}{'+' if row['dirty'] else ''}",
                    row["message"],
                )
                for row in rows
            ],
            wrapping=("CHANGED", "MESSAGE"),
        )
    else:
        print(f"{stack} was never changed")


def _row(update: dict[str, Any]) -> dict[str, Any]:
    about = update.get("environment") or {}
    changes = update.get("resourceChanges") or {}
    return {
        "start": _time(update.get("startTime")),
        "end": _time(update.get("endTime")),
        "user": about.get("slurm-appliance.user") or about.get("git.author") or "",
        "kind": update.get("kind") or "",
        "result": update.get("result") or "",
        "changes": {op: count for op, count in sorted(changes.items()) if op != "same"},
        "commit": about.get("git.head") or "",
        "dirty": about.get("git.dirty") == "true",
        "message": update.get("message") or "",
    }


def _time(seconds: object) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if isinstance(seconds, int) and seconds else ""
