import io
import json

from rich.console import Console

from node.reboot_program.slurm_state import SlurmNode
from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.plan import ActionKind, RolloutPlan, RolloutVerdict, SlurmRequest
from slurm_appliance.rollout.record import NodeRecord, Phase
from slurm_appliance.rollout.view import counts, folded, rows
from slurm_appliance.rollout.watchers import JsonLines, LiveTable, PlainLines, nodes_table

_FACTS = RolloutFacts(
    {f"c{n}": NodeFacts(SlurmNode(f"c{n}", frozenset({"IDLE"})), "old-image", "new-image") for n in (1, 2, 3)}
    | {"c4": NodeFacts(SlurmNode("c4", frozenset({"IDLE"})), "new-image", "new-image"), "c5": NodeFacts(None)},
    now=1000.0,
)
_BEFORE = {name: NodeRecord(name) for name in _FACTS.nodes}
_PLAN = RolloutPlan(
    {
        **_BEFORE,
        "c1": NodeRecord("c1", Phase.FAILED, 990.0, "[bad] image"),
        "c2": NodeRecord("c2", Phase.DRAINING, 995.0, "waiting for its jobs to end"),
        "c4": NodeRecord("c4", Phase.DONE, 1000.0, "already on its target image"),
    },
    (SlurmRequest(ActionKind.REBOOT, ("c2",)),),
    RolloutVerdict.GOING,
    "the budget is used up",
)


def test_json_lines() -> None:
    lines: list[str] = []
    watcher = JsonLines(lines.append)
    watcher.round(_BEFORE, _PLAN, _FACTS)
    watcher.trouble("control is away")
    watcher.end("stopped", _PLAN.records, "why")
    events = [json.loads(line) for line in lines]

    assert [event["event"] for event in events] == ["node", "node", "node", "reboot", "trouble", "end"]
    assert events[1] == {
        "at": 1000.0, "event": "node", "node": "c2", "phase": "draining", "why": "waiting for its jobs to end",
        "current": "old-image", "target": "new-image",
    }  # fmt: skip
    assert events[3]["nodes"] == ["c2"]
    assert events[-1]["counts"] == {"waiting": 2, "draining": 1, "done": 1, "failed": 1}


def test_plain_lines_say_each_thing_once() -> None:
    lines: list[str] = []
    watcher = PlainLines(lines.append)
    watcher.round(_BEFORE, _PLAN, _FACTS)
    watcher.round(_PLAN.records, _PLAN, _FACTS)

    assert [line.split(" ", 1)[1] for line in lines] == [
        "c1: failed: [bad] image",
        "c2: draining: waiting for its jobs to end",
        "c4: done: already on its target image",
        "the budget is used up",
    ]


def test_live_table_shows_what_is_under_way_and_counts_the_rest() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=140, highlight=False)
    with LiveTable(console) as live:
        live.round(_BEFORE, _PLAN, _FACTS)
        live.trouble("control is [away]")
    text = out.getvalue()

    assert "c1: [bad] image" in text
    assert "control is [away]" in text
    assert "2 waiting, 1 draining, 1 done, 1 failed; 1 under way" in text
    assert "the budget is used up" in text
    assert "c3" not in text


def test_rows_and_folding() -> None:
    listed = rows({"c1": _PLAN.records["c1"]}, _FACTS)

    assert [(row.nodes, row.state, row.slurm) for row in listed] == [
        ("c1", "failed", "IDLE"),
        ("c2", "to do", "IDLE"),
        ("c3", "to do", "IDLE"),
        ("c4", "up to date", "IDLE"),
        ("c5", "no target", "unknown to Slurm"),
    ]
    assert [(row.nodes, row.count) for row in folded(listed)] == [("c1", 1), ("c[2-3]", 2), ("c4", 1), ("c5", 1)]
    assert counts([]) == {}


def test_what_was_done_for_an_earlier_target_is_to_do_again() -> None:
    records = {name: NodeRecord(name, Phase.DONE, 1.0, "back on its target image") for name in ("c2", "c4")}
    states = {row.nodes: row.state for row in rows(records, _FACTS)}
    assert (states["c2"], states["c4"]) == ("to do", "done")


def test_ages() -> None:
    out = io.StringIO()
    for seconds, words in ((0.0, ""), (5, "5 s"), (600, "10 min"), (20_000, "5 h")):
        record = NodeRecord("c1", Phase.DRAINING, 100_000 - seconds if seconds else 0.0, "why")
        out.seek(0)
        Console(file=out, width=140).print(nodes_table(rows({"c1": record}, _FACTS)[:1], 100_000))
        assert f"{words} " in out.getvalue()
