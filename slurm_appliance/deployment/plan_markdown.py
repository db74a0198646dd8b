"""A plan as Markdown for a pull request: the most disruptive first, folded, and small at any number of nodes. Pure."""

import json
import re
from collections.abc import Iterable, Sequence

from slurm_appliance.deployment.image_plan import NodeAction, folded, summary
from slurm_appliance.deployment.plan import DeploymentPlan

#: Most bytes of a comment on GitHub are 65536 characters; GitLab takes more.
_MOST_BYTES = 60_000
_MOST_ROWS = 100
_LONGEST_CELL = 300


def markdown(plan: DeploymentPlan, stack: str) -> str:
    """The plan of a stack as Markdown."""
    every = [row for row in folded(plan.rows) if row.action is not NodeAction.NONE]
    head = "**Disruptive.** " if plan.disruptive else ""
    title = "planned changes" if plan.steps or every else "no changes"
    parts = [f"### `{stack}`: {title}", head + summary(plan.rows)]
    parts += _section(
        "Nodes",
        ("Nodes", "Group", "Action", "Current image", "Target image", "Disruption", "Why"),
        [
            (
                *_cells(row.node, row.group),
                f"**{row.action.value}**" if row.action.disruptive else row.action.value,
                *_cells(str(row.current or ""), str(row.target or ""), row.disruption, row.why),
            )
            for row in every
        ],
    )
    parts += _list("Lost", plan.losses)
    parts += _list("Changed by somebody", plan.drift.lines())
    parts += _section(
        "Settings",
        ("Setting", "Old", "New", "Policy", "Consequence"),
        [
            _cells(each.path, json.dumps(each.old), json.dumps(each.new), each.policy.value, each.consequence)
            for each in plan.settings
        ],
    )
    parts += _list("Notes", [f"{note.path}: {note.what} {note.remedy}" for note in plan.notes])
    if plan.steps:
        parts.append("Resources: " + ", ".join(f"{count} to {op}" for op, count in plan.counts.items()))
    return _bounded("\n\n".join(parts) + "\n")


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; its cells are Markdown."""
    if not rows:
        return []
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows[:_MOST_ROWS]]
    left = [f"… and {len(rows) - _MOST_ROWS} more"] if len(rows) > _MOST_ROWS else []
    return [f"#### {title}", "\n".join(lines), *left]


def _list(title: str, entries: Iterable[str]) -> list[str]:
    every = list(entries)
    if not every:
        return []
    lines = [f"- {_cell(each)}" for each in every[:_MOST_ROWS]]
    left = [f"- … and {len(every) - _MOST_ROWS} more"] if len(every) > _MOST_ROWS else []
    return [f"#### {title}", "\n".join([*lines, *left])]


def _cells(*texts: str) -> tuple[str, ...]:
    return tuple(map(_cell, texts))


def _cell(text: str) -> str:
    """A text that is nothing but text to a Markdown renderer."""
    shown = text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
    plain = "".join(each if each.isprintable() else " " for each in shown)
    return re.sub(r"([\\`*_{}\[\]<>#|~@])", r"\\\1", plain)


def _bounded(text: str) -> str:
    if len(text.encode()) <= _MOST_BYTES:
        return text
    kept = text.encode()[: _MOST_BYTES - 200].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n\n… cut: the whole plan is in the JSON output.\n"
