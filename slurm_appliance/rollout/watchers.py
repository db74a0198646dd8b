"""Shows a rollout's progress: a live table on a terminal, plain lines elsewhere, JSON lines for programs."""

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from slurm_appliance.rollout.facts import RolloutFacts
from slurm_appliance.rollout.plan import RolloutPlan, natural
from slurm_appliance.rollout.record import UNDER_WAY, NodeRecord, Phase
from slurm_appliance.rollout.view import ViewRow, counts, rows, short
from toolchain.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Maximum number of nodes in a live table; the others are only counted.
_LIVE_ROWS = 25
_QUIET = frozenset({Phase.DONE, Phase.WAITING, Phase.RELEASED, Phase.SKIPPED})


def changes(before: Mapping[str, NodeRecord], plan: RolloutPlan) -> list[NodeRecord]:
    """Records with a new phase or reason, by node name."""
    changed = [
        record
        for name, record in plan.records.items()
        if (before[name].phase, before[name].why) != (record.phase, record.why)
    ]
    return sorted(changed, key=lambda record: natural(record.node))


class JsonLines:
    """One JSON document per event and line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def round(self, before: Mapping[str, NodeRecord], plan: RolloutPlan, facts: RolloutFacts) -> None:
        """See `drive.Watcher.round`."""
        for record in changes(before, plan):
            node = facts.nodes.get(record.node)
            images = {"current": node.current, "target": node.target} if node else {}
            self._say(facts.now, "node", node=record.node, phase=record.phase.value, why=record.why, **images)
        for action in plan.actions:
            self._say(facts.now, action.kind.value, nodes=list(action.nodes))

    def trouble(self, text: str) -> None:
        """See `drive.Watcher.trouble`."""
        self._say(time.time(), "trouble", why=text)

    def end(self, verdict: str, records: Mapping[str, NodeRecord], why: str) -> None:
        """Print the last line."""
        self._say(time.time(), "end", verdict=verdict, why=why, counts=counts(records.values()))

    def _say(self, at: float, event: str, **more: Any) -> None:
        self._write(json.dumps({"at": round(at, 3), "event": event, **more}))


class PlainLines:
    """One line per change, with the time of day."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._blocked = ""

    def round(self, before: Mapping[str, NodeRecord], plan: RolloutPlan, facts: RolloutFacts) -> None:
        """See `drive.Watcher.round`."""
        for record in changes(before, plan):
            if record.why or record.phase is not Phase.WAITING:
                self._say(facts.now, f"{record.node}: {record.phase.value}: {record.why}")
        if plan.why != self._blocked:
            self._blocked = plan.why
            if plan.why:
                self._say(facts.now, plan.why)

    def trouble(self, text: str) -> None:
        """See `drive.Watcher.trouble`."""
        self._say(time.time(), text)

    def _say(self, at: float, text: str) -> None:
        self._write(f"{time.strftime('%H:%M:%S', time.localtime(at))} {text}")


class LiveTable:
    """A table that is redrawn after each poll, with errors above it."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._console = console

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def round(self, before: Mapping[str, NodeRecord], plan: RolloutPlan, facts: RolloutFacts) -> None:
        """See `drive.Watcher.round`."""
        for record in changes(before, plan):
            if record.phase is Phase.FAILED:
                self._console.print(printable(f"{record.node}: {record.why}"), style="red", markup=False)
        shown = [row for row in rows(plan.records, facts) if plan.records[row.nodes].phase not in _QUIET][:_LIVE_ROWS]
        table = nodes_table(shown, facts.now)
        summary = ", ".join(f"{count} {phase}" for phase, count in counts(plan.records.values()).items())
        under_way = sum(record.phase in UNDER_WAY for record in plan.records.values())
        table.caption = f"{summary}; {under_way} under way" + (f"\n{printable(plan.why)}" if plan.why else "")
        self._live.update(table, refresh=True)

    def trouble(self, text: str) -> None:
        """See `drive.Watcher.trouble`."""
        self._console.print(printable(text), style="yellow", markup=False)


def nodes_table(listed: list[ViewRow], now: float) -> "Table":
    """Rows as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table("node", "slurm", "current", "target", "state", "for", "why", box=None, pad_edge=False)
    for row in listed:
        name = row.nodes if row.count == 1 else f"{row.nodes} ({row.count})"
        cells = (name, row.slurm, short(row.current), short(row.target), row.state, _age(row.since, now), row.why)
        table.add_row(*map(Text, map(printable, cells)))
    return table


def _age(since: float, now: float) -> str:
    if not since:
        return ""
    seconds = max(0, round(now - since))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
